"""`python -m training train` writes the score card; `python -m training evaluate` prints and writes the tables."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from training.card import choose_ridge, choose_thresholds, families, make_card, unseen
from training.metrics import auc
from training.sets import EITHER, REAL, data_folder, load

CARD = Path(__file__).resolve().parents[1] / "src" / "headcount" / "models" / "authenticity.json"

_ABOUT = {
    "cresci2015": "genuine Italian accounts and followers bought from one vendor, X, 2012-2013 (Cresci et al. 2015)",
    "botometer2019": "verified people and self-declared bots, X, 2019 (Yang et al. 2019, 2020)",
    "kaggle_bots2017": "people, many of them celebrities, and bots of several kinds, X, 2016-2017",
    "instafake": "genuine and fake accounts, Instagram, 2018 (Akyon & Kalfaoglu 2019)",
    "gilani2017 timelines": "people and automated accounts, X, 2016, looked at again in 2019 (Gilani et al. 2017)",
    "gilani2017 observed": "people and automated accounts, X, 2016 (Gilani et al. 2017)",
}


def train() -> None:
    """Choose the penalty, fit, and write the card."""
    sets = load(data_folder())
    ridge = choose_ridge(sets)
    judged = unseen(sets, ridge)
    verdict, _ = choose_thresholds(judged)
    figures = {}
    for u in judged:
        fake = u.set.label != REAL
        accused = (u.probabilities[:, 1:] >= list(verdict.values())).any(axis=1)
        figures[u.set.name] = {
            "about": _ABOUT[u.set.name],
            "real": int((~fake).sum()),
            "other": int(fake.sum()),
            "labels": ["real", "bought", "automated", "bought or automated"][
                u.set.target if u.set.target != EITHER else 3
            ],
            "auc_when_left_out": round(auc(fake, u.not_real), 3),
            "false_positive_rate_when_left_out": round(float(accused[~fake].mean()), 4),
            "recall_when_left_out": round(float(accused[fake].mean()), 3),
        }
    training: dict[str, object] = {"penalty": ridge, "left_out_in_turn": families(sets), "sets": figures}
    card = make_card(sets, ridge, training)
    CARD.parent.mkdir(exist_ok=True)
    CARD.write_bytes(_readable(msgspec.json.encode(card)))
    print(f"{CARD.name}: {CARD.stat().st_size / 1000:,.0f} kB, penalty {ridge:g}, verdict from {card.verdict}")


def _readable(data: bytes) -> bytes:
    """Indented, with lists of numbers on one line each."""
    import re

    text = msgspec.json.format(data, indent=1).decode()
    return re.sub(r"\[\s+([^\[\]{}\"]*?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", text).encode() + b"\n"


def main(arguments: list[str]) -> int:
    """Run one of the two commands."""
    if arguments == ["train"]:
        train()
    elif arguments == ["evaluate"]:
        from training.evaluate import evaluate

        evaluate()
    else:
        print("use: python -m training train|evaluate", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
