"""Files of networks in formats other than an edge list, recognised by name or by their first lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from headcount.errors import InputError

__all__ = ["ForeignFormat", "refuse_foreign_content", "refuse_foreign_name"]

_BY_NAME = {
    ".net": "a Pajek network",
    ".paj": "a Pajek project",
    ".dl": "a UCINET DL file",
    "##h": "a UCINET data set",
    "##d": "a UCINET data set",
    ".gml": "a GML graph",
    ".graphml": "a GraphML graph",
    ".gexf": "a GEXF graph",
    ".gephi": "a Gephi project",
    ".mtx": "a Matrix Market matrix",
    ".mat": "a Matlab file",
    ".dot": "a Graphviz DOT graph",
    ".gv": "a Graphviz DOT graph",
    ".gdf": "a GDF graph",
    ".vna": "a VNA network",
    ".tgf": "a TGF graph",
    ".lgl": "an LGL graph",
    ".sif": "a SIF network",
    ".metis": "a METIS graph",
    ".adjlist": "an adjacency list",
    ".multiline_adjlist": "an adjacency list",
    ".g6": "a graph6 file",
    ".graph6": "a graph6 file",
    ".npz": "a numpy file",
    ".npy": "a numpy file",
    ".pkl": "a Python pickle",
    ".pickle": "a Python pickle",
    ".rds": "an R data file",
    ".rdata": "an R data file",
    ".xls": "an Excel workbook",
    ".xlsx": "an Excel workbook",
    ".ods": "a spreadsheet",
    ".json": "a JSON file",
    ".jsonl": "a JSON lines file",
    ".ndjson": "a JSON lines file",
    ".xml": "an XML file",
    ".html": "an HTML page",
    ".htm": "an HTML page",
    ".bz2": "a bzip2 file",
    ".xz": "an xz file",
    ".zst": "a zstd file",
    ".zip": "a zip archive",
    ".7z": "a 7z archive",
    ".tar": "a tar archive",
    ".tgz": "a tar archive",
}
_BY_CONTENT = (
    (r"\*\s*(vertices|network|arcs|edges|arcslist|edgeslist|matrix|partition)\b", "a Pajek network", ""),
    (r"\*\s*(node|tie)\s+(data|properties)", "a VNA network", ""),
    (r"dl\b", "a UCINET DL file", r"\bn[rc]?\s*=|\bformat\s*=|\bdata\s*:"),
    (r"%%matrixmarket\b", "a Matrix Market matrix", ""),
    (r"(creator|version|graph)\b", "a GML graph", r"\bgraph\s*\[.*\b(node|directed|edge|id)\b"),
    (r"(strict\s+)?(di)?graph\b", "a Graphviz DOT graph", r"graph\b[^{]*\{"),
    (r"nodedef\s*>", "a GDF graph", ""),
    (r">>(graph6|sparse6|digraph6)<<", "a graph6 file", ""),
    (r"[\[{]\s*($|[\"\[{])", "a JSON file", ""),
    (r"%\s*bip\b", "a KONECT network of two kinds of nodes (bipartite)", ""),
    (r"p\s+(sp|edge|col|max)\s+\d+\s+\d+", "a DIMACS graph", ""),
)
"""Pattern of the first line, the format, and what must stand somewhere in the first lines for it to be certain."""
_HINTS = {
    "bzip2": "unpack it, or compress it with gzip.",
    "xz": "unpack it, or compress it with gzip.",
    "zstd": "unpack it, or compress it with gzip.",
    "zip": "unpack it and give the file of follows in it.",
    "tar": "unpack it and give the file of follows in it.",
    "7z": "unpack it and give the file of follows in it.",
    "HTML": "the download failed or saved a web page; download the file again.",
    "Excel": "save the sheet as CSV.",
    "spreadsheet": "save the sheet as CSV.",
}
EXPORT = "export the edges as CSV with the columns follower_id and followee_id (Gephi, networkx and igraph can)."


class ForeignFormat(InputError):
    """The file is of a known format that is not an edge list.

    Attributes:
        format: what it is, such as "a Pajek network".
    """

    def __init__(self, name: str, format: str, *, hint: str | None = None) -> None:
        found = next((text for word, text in _HINTS.items() if word in format), EXPORT)
        super().__init__(f"{name} is {format}, not an edge list.", hint=hint or found)
        self.format = format


def refuse_foreign_name(name: str) -> None:
    """Raise where the name of a file says that it is of another format.

    Raises:
        ForeignFormat: it does.
    """
    lower = name.lower().removesuffix(".gz")
    found = next((format for ending, format in _BY_NAME.items() if lower.endswith(ending)), None)
    if found is not None:
        raise ForeignFormat(name, found)


def refuse_foreign_content(name: str, lines: Sequence[str]) -> None:
    """Raise where the first lines of a file are those of another format.

    Raises:
        ForeignFormat: they are.
    """
    first = [line.strip() for line in lines if line.strip()][:20]
    text = " ".join(first).lower()
    if text.startswith("<"):
        tags = {"<graphml": "a GraphML graph", "<gexf": "a GEXF graph", "<html": "an HTML page", "<?xml": "an XML file"}
        found = next((format for tag, format in tags.items() if tag in text), None)
        if found is not None:
            raise ForeignFormat(name, found)
    data = [line for line in first if not re.match(r"[#%]|c(\s|$)", line)]
    for line in first[:1] + data[:1]:
        for pattern, format, also in _BY_CONTENT:
            if re.match(pattern, line, re.IGNORECASE) and re.search(also, text):
                raise ForeignFormat(name, format)
