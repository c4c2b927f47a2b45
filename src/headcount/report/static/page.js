"use strict";
(() => {
  // ---- Followers: the table that is in the page, read once; a filter, a search and a sort over it.
  const followers = (list) => {
    const STEP = 20;
    const controls = document.getElementById("controls");
    const byClass = document.getElementById("by-class");
    const byText = document.getElementById("by-text");
    const found = document.getElementById("found");
    const more = document.getElementById("more");
    const printed = document.getElementById("printed");
    const people = [];
    for (const body of [...list.tBodies]) {
      const label = body.dataset.class;
      const swatch = body.querySelector(".swatch");
      for (const row of [...body.rows].slice(1)) {
        people.push({ row, label, name: body.dataset.name, swatch, place: people.length, text: null, chip: false });
      }
      body.remove();
    }
    const shownBody = list.appendChild(document.createElement("tbody"));
    const number = (cell) => {
      const text = cell.textContent.trim();
      return text === "?" ? null : Number.parseFloat(text.replaceAll(",", ""));
    };
    const word = (cell) => {
      const text = cell.textContent.trim();
      return text === "?" ? null : text.toLocaleLowerCase();
    };
    const why = (person) => `${person.name} ${person.row.cells[1].lastChild.textContent}`.toLocaleLowerCase();
    const readers = [word, null, number, number, number, number, word, word];
    let sorted = null;
    let shown = people;
    let limit = STEP;

    const textOf = (person) => (person.text ??= `${word(person.row.cells[0])} ${why(person)}`);

    const withChip = (person) => {
      if (!person.chip) {
        const chip = document.createElement("span");
        chip.className = "chip";
        chip.append(person.swatch.cloneNode(true), person.name);
        person.row.cells[1].prepend(chip, " ");
        person.chip = true;
      }
      return person.row;
    };

    const compare = (left, right) => {
      const a = left.key;
      const b = right.key;
      if (a === null || b === null) return (a === null) - (b === null) || left.place - right.place;
      const order = a < b ? -1 : a > b ? 1 : 0;
      return (sorted.down ? -order : order) || left.place - right.place;
    };

    const show = () => {
      shownBody.replaceChildren(...shown.slice(0, limit).map(withChip));
      const part = Math.min(limit, shown.length);
      const say = (count) => count.toLocaleString("en");
      found.textContent = shown.length ? `${say(part)} of ${say(shown.length)} shown` : "no account found";
      printed.textContent = part < people.length
        ? `${say(part)} of ${say(people.length)} are printed: those visible on the page at the time.`
        : "";
      more.hidden = part >= shown.length;
    };

    const select = () => {
      const words = byText.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
      shown = people.filter((person) => (!byClass.value || person.label === byClass.value) &&
        words.every((text) => textOf(person).includes(text)));
      if (sorted) {
        const read = readers[sorted.column];
        for (const person of shown) person.key = read ? read(person.row.cells[sorted.column]) : why(person);
        shown.sort(compare);
      }
      limit = STEP;
      show();
    };

    const heads = [...list.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const numeric = column >= 2;
        const down = sorted && sorted.column === column ? !sorted.down : numeric;
        sorted = { column, down };
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        select();
      });
    });
    more.addEventListener("click", () => { limit += 25 * STEP; show(); });
    byClass.addEventListener("change", select);
    byText.addEventListener("input", select);
    controls.addEventListener("submit", (event) => event.preventDefault());
    for (const link of document.querySelectorAll("a[data-class]")) {
      link.href = "#followers";
      link.addEventListener("click", () => { byClass.value = link.dataset.class; byText.value = ""; select(); });
    }
    list.classList.add("live");
    controls.hidden = false;
    show();
  };

  const list = document.getElementById("list");
  if (list) followers(list);

  // ---- Charts: Vega-Lite specifications with colours by name, drawn again when width or colour scheme change.
  const specs = JSON.parse(document.getElementById("chart-data").textContent);
  const views = new Map();

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    return (name) => style.getPropertyValue(name).trim();
  };

  const coloured = (value, colour) => {
    if (typeof value === "string") {
      const named = /^var\((--[\w-]+)\)$/.exec(value);
      return named ? colour(named[1]) : value;
    }
    if (Array.isArray(value)) return value.map((part) => coloured(part, colour));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, coloured(part, colour)]));
  };

  const config = (colour, narrow) => {
    const font = colour("--sans");
    const text = { labelColor: colour("--muted"), titleColor: colour("--muted"), labelFont: font, titleFont: font };
    return {
      background: null,
      view: { stroke: null },
      text: { font, fontSize: narrow ? 11 : 12.5 },
      axis: {
        ...text, labelFontSize: narrow ? 11 : 12, titleFontSize: narrow ? 11 : 12, titleFontWeight: "normal",
        gridColor: colour("--line"), domainColor: colour("--muted"), tickColor: colour("--muted"), ticks: false,
        labelPadding: 6, titlePadding: 10, domain: false,
      },
      axisX: { domain: true, labelOverlap: true, labelFlush: true },
    };
  };

  const draw = (holder) => {
    const colour = colours();
    const width = holder.clientWidth;
    const { datasets, ...look } = specs[holder.dataset.chart];
    const spec = { ...coloured(look, colour), datasets, width, autosize: { type: "fit", contains: "padding" } };
    const compiled = vegaLite.compile(spec, { config: config(colour, width < 500), logger: vega.logger(vega.Error) }).spec;
    views.get(holder)?.view.finalize();
    const runtime = vega.parse(compiled, null, { ast: true });
    const view = new vega.View(runtime, {
      expr: expressionInterpreter, renderer: "svg", container: holder, logLevel: vega.Error, hover: false,
    });
    view.run();
    views.set(holder, { view, width });
  };

  const holders = [...document.querySelectorAll("[data-chart]")].filter((holder) => specs[holder.dataset.chart]);
  const drawAll = () => holders.forEach(draw);
  let waiting = 0;
  const fit = () => {
    for (const holder of holders) if (views.get(holder).width !== holder.clientWidth) draw(holder);
  };
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  matchMedia("print").addEventListener("change", drawAll);
  addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(fit);
  });
})();
