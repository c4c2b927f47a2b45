"""Edge lists in every layout: the follows that were written, what was decided and left out, and clear refusals."""

from __future__ import annotations

import bz2
import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from headcount.errors import BadRows, HeadcountError, InputError, UsageError
from headcount.sources import find_source
from headcount.sources.formats.edges import EdgeList, ForeignFormat, find_follow_columns, open_edge_list
from headcount.sources.formats.edges.direct import NUMBERS, OTHER, PLAIN, certify, is_odd_id, is_whole_number
from headcount.sources.formats.edges.lines import CommentKind, comment_kind, id_problem
from headcount.sources.formats.edges.reader import find_edge_file
from headcount.store.store import Store

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(*paths: Path) -> tuple[list[tuple[str, str]], EdgeList]:
    work = paths[0].parent / "work"
    work.mkdir(exist_ok=True)
    with duckdb.connect() as con:
        edges = open_edge_list(con, paths, work)
        rows = con.execute(f"SELECT follower_id::VARCHAR, followee_id::VARCHAR FROM ({edges.sql})").fetchall()
    return sorted(rows), edges


def pairs(text: str) -> list[tuple[str, str]]:
    """`1>2 2>1` as rows."""
    return sorted((one, other) for one, _, other in (word.partition(">") for word in text.split()))


# name of the file, content, follows, what the notes say
READ = {
    "blanks": ("e.txt", "1 2\n1 3\n1 4\n", "1>2 1>3 1>4", ["no header"]),
    "blanks and weights": (
        "e.txt",
        "1 2 1\n1 3 1\n2 1 5\n",
        "1>2 1>3 2>1",
        ["column 3; weights"],
    ),
    "runs of blanks": ("e.txt", "  1   2\n 10\t3\n", "1>2 10>3", []),
    "blank at the end": ("e.txt", "1 2 \n2 1 \n", "1>2 2>1", []),
    "tabs and weights": ("e.txt", "1\t2\t1\n2\t1\t5\n", "1>2 2>1", ["column 3; weights are not used"]),
    "blank and tab": ("e.txt", "% asym\n1 2\t1 108\n2 3\t1 109\n", "1>2 2>3", ["1 comment line was skipped"]),
    "commas": ("e.edges", "1,2\n2,1\n3,1\n", "1>2 2>1 3>1", ["no header"]),
    "commas and blanks": ("e.csv", "follower, followee\nana, ben\nben , cyd\n", "ana>ben ben>cyd", []),
    "semicolons": ("e.csv", "Source;Target;Weight\r\nana;ben;0,5\r\n", "ana>ben", ["ignored: Weight; weights"]),
    "semicolons without a header": ("e.csv", "1;2;0,5\n2;3;1,5\n", "1>2 2>3", ["column 3; weights"]),
    "bars": ("e.csv", "from|to\nana|ben\n", "ana>ben", []),
    "tabs with a header": ("e.tsv", "follower_id\tfollowee_id\n1\t2\n2\t1\n", "1>2 2>1", []),
    "byte order mark": ("e.csv", "\ufefffollower_id,followee_id\n1,2\n", "1>2", []),
    "byte order mark without a header": ("e.csv", "\ufeffana,ben\nben,cyd\n", "ana>ben ben>cyd", ["no header"]),
    "sep line": ("e.csv", "\ufeffsep=;\r\nSource;Target\r\n1;2\r\n", "1>2", []),
    "CR LF": ("e.csv", "source,target\r\n1,2\r\n2,3\r\n", "1>2 2>3", []),
    "CR": ("e.csv", "source,target\r1,2\r2,3\r", "1>2 2>3", []),
    "line ends of two kinds": ("e.csv", "source,target\nana,ben\r\nben,cyd\n", "ana>ben ben>cyd", []),
    "no line end": ("e.csv", "1,2\n2,3", "1>2 2>3", []),
    "blank lines": ("e.csv", "\n\nsource,target\n\n1,2\n  \n2,3\n\n", "1>2 2>3", []),
    "quotes": ("e.csv", '"source","target"\n"a, b","c ""d"""\n', None, []),
    "SNAP": (
        "e.txt",
        "# Directed graph: x.txt\n# Nodes: 3 Edges: 3\n# FromNodeId\tToNodeId\n1\t2\n2\t1\n3\t1\n",
        "1>2 2>1 3>1",
        ["'FromNodeId' follows the one in 'ToNodeId'", "3 comment lines were skipped"],
    ),
    "SNAP with a weight": ("e.txt", "# FromNodeId ToNodeId w\n1 2 1\n3 1 0.5\n", "1>2 3>1", ["ignored: w; weights"]),
    "columns named by a comment": ("e.txt", "# ToNodeId FromNodeId\n1 2\n1 3\n", "2>1 3>1", ["'FromNodeId' follows"]),
    "commented header": ("e.csv", "#source,target\nana,ben\nben,ana\n", "ana>ben ben>ana", ["'source' follows"]),
    "comments between rows": ("e.csv", "source,target\n1,2\n# note\n2,3\n% x\n", "1>2 2>3", ["2 comment lines were"]),
    "comments alone": ("e.txt", "# Directed graph\n# FromNodeId\tToNodeId\n", "", []),
    "header alone": ("e.csv", "source,target\n", "", []),
    "networkx data": ("e.edgelist", "1 2 {}\n2 1 {'weight': 3, 'b': 1}\n", "1>2 2>1", ["2 lines"]),
    "networkx data and commas": ("e.txt", "1,2,{'weight': 3}\n2,3,{}\n", "1>2 2>3", ["2 lines"]),
    "two columns of names": ("e.csv", "ana,ben\nben,cyd\ncyd,dan\ndan,ana\n", "ana>ben ben>cyd cyd>dan dan>ana", []),
    "one row of names": ("e.csv", "ana,ben\n", "ana>ben", ["no header"]),
    "names with numbers": ("e.csv", "user1,user2\nuser2,user3\n", "user1>user2 user2>user3", ["no header"]),
    "unknown header": ("e.csv", "a,b\n1,2\n3,4\n", "1>2 3>4", ["first line was read as a header.*'a' follows.*'b'"]),
    "numbered ends": ("e.csv", "node1,node2,w\nana,ben,1\n", "ana>ben", ["read as a header", "ignored: w"]),
    "NodeXL": (
        "e.csv",
        "Vertex 1,Vertex 2,Color\nana,ben,red\nben,cyd,red\n",
        "ana>ben ben>cyd",
        ["'Vertex 1'"],
    ),
    "pandas without names": ("e.csv", ",0,1\n0,ana,ben\n1,ben,cyd\n", "ana>ben ben>cyd", ["row numbers"]),
    "pandas without names or numbers": ("e.csv", "0,1\nana,ben\nben,cyd\n", "ana>ben ben>cyd", ["read as a header"]),
    "pandas row numbers": ("e.csv", ",source,target\n0,ana,ben\n1,ben,cyd\n", "ana>ben ben>cyd", ["row numbers"]),
    "pandas read again": ("e.csv", "Unnamed: 0,source,target\n0,ana,ben\n", "ana>ben", ["row numbers"]),
    "R write.csv": ("e.csv", '"","source","target"\n"1","ana","ben"\n', "ana>ben", ["row numbers"]),
    "R write.table": ("e.txt", '"source" "target" "w"\n"1" "ana" "ben" 2\n', "ana>ben", ["row numbers", "ignored: w"]),
    "user and follower": ("e.csv", "user_id,follower_id\n1,2\n1,3\n", "2>1 3>1", ["'follower_id' follows .*'user_id'"]),
    "user and friend": ("e.csv", "user_id,friend_id\n1,2\n1,3\n", "1>2 1>3", []),
    "to and from": ("e.csv", "to,from\n1,2\n", "2>1", ["'from' follows the one in 'to'"]),
    "ids preferred to names": ("e.csv", "source_name,source_id,target_name,target_id\nana,1,ben,2\n", "1>2", ["_name"]),
    "Neo4j": ("e.csv", ":START_ID,:END_ID,:TYPE\n1,2,FOLLOWS\n", "1>2", []),
    "Gephi": ("e.csv", "Source,Target,Type,Id,Label,Weight\n1,2,Directed,0,,1.0\n", "1>2", ["Id, Label, Weight"]),
    "Gephi undirected": (
        "e.csv",
        "Source,Target,Type,Weight\nana,ben,Undirected,1\nben,cyd,Directed,1\n",
        "ana>ben ben>ana ben>cyd",
        ["1 undirected edge was read in both directions"],
    ),
    "KONECT undirected": ("e.txt", "% sym unweighted\n1 2\n2 3\n", "1>2 2>1 2>3 3>2", ["edges are undirected"]),
    "SNAP undirected": ("e.txt", "# Undirected graph: x\n1\t2\n", "1>2 2>1", ["edges are undirected"]),
    "leading zeros": ("e.txt", "007 8\n7 8\n", "007>8 7>8", []),
    "numbers beyond 64 bits": ("e.csv", "source,target\n18446744073709551616,1\n", "18446744073709551616>1", []),
    "largest number": ("e.csv", "source,target\n18446744073709551615,0\n", "18446744073709551615>0", []),
    "names that hold a mark": ("e.txt", "alice bob\ndan#1 bob\nbob dan%1\n", "alice>bob dan#1>bob bob>dan%1", []),
    "quoted names that begin with a mark": ("e.csv", '"#a","#b"\n"%b","#c"\n', "#a>#b %b>#c", []),
    "hex and versions": (
        "e.csv",
        "source,target\n2e5,1e10\n12e3ab,v1.0\n",
        "2e5>1e10 12e3ab>v1.0",
        [],
    ),
}


@pytest.mark.parametrize("case", READ)
def test_layouts(case, tmp_path):
    name, content, expected, said = READ[case]
    rows, edges = read(written(tmp_path, name, content))
    assert rows == ([("a, b", 'c "d"')] if expected is None else pairs(expected))
    assert edges.problem_count == 0
    assert edges.rows == len(rows)
    notes = " ".join(edges.notes)
    for pattern in said:
        assert any(re.search(pattern, note) for note in edges.notes), (pattern, notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings(encoding, end, packed, tmp_path):
    text = end.join(["source\ttarget", "Zoë\tAna", "Ana\tJosé", ""])
    if encoding.endswith("-bom"):
        data = ("\ufeff" + text).encode(encoding.removesuffix("-bom"))
    else:
        data = text.encode(encoding)
    path = written(tmp_path, "e.txt.gz" if packed else "e.txt", gzip.compress(data) if packed else data)
    rows, edges = read(path)
    assert rows == [("Ana", "José"), ("Zoë", "Ana")]
    assert any("is not UTF-8" in note for note in edges.notes) == (encoding not in ("utf-8", "utf-8-sig"))


def test_damaged_bytes_cost_one_character_each_and_are_counted(tmp_path):
    rows, edges = read(written(tmp_path, "e.csv", "source,target\nZoë,Ana\n".encode() + b"a\xffb,Ana\n"))
    assert rows == [("Zoë", "Ana"), ("a�b", "Ana")]
    assert any("1 invalid character was read as �" in note for note in edges.notes)


def test_an_encoding_that_shows_only_late(tmp_path):
    text = "source,target\n" + "ana,ben\n" * 5000 + "Zoë,ana\n"
    rows, edges = read(written(tmp_path, "e.csv", text.encode("cp1252")))
    assert rows.count(("ana", "ben")) == 5000
    assert rows[0] == ("Zoë", "ana")
    assert any("cp1252" in note for note in edges.notes)


REFUSED = {
    "Pajek by name": ("g.net", "*Vertices 2\n", "a Pajek network"),
    "Pajek": ("g.txt", '*Vertices 2\n1 "a"\n2 "b"\n*Arcs\n1 2\n', "a Pajek network"),
    "UCINET by name": ("g.dl", "DL\nN=3\n", "a UCINET DL file"),
    "UCINET": ("g.txt", "DL n=3 format=edgelist1\ndata:\n1 2 1\n2 3 1\n", "a UCINET DL file"),
    "UCINET over lines": ("g.txt", "dl\nn=3\nformat = edgelist1\ndata:\n1 2\n", "a UCINET DL file"),
    "GML": ("g.txt", "graph [\n  node [\n    id 1\n  ]\n]\n", "a GML graph"),
    "GML by name": ("g.gml.gz", "x", "a GML graph"),
    "GraphML": ("g.txt", '<?xml version="1.0"?>\n<graphml>\n', "a GraphML graph"),
    "GEXF": ("g.txt", "<gexf>\n<graph/></gexf>\n", "a GEXF graph"),
    "DOT": ("g.txt", "digraph G {\n a -> b;\n}\n", "a Graphviz DOT graph"),
    "Matrix Market": ("g.txt", "%%MatrixMarket matrix coordinate\n3 3 1\n1 2\n", "a Matrix Market matrix"),
    "two kinds of nodes": ("g.txt", "% bip unweighted\n1 2\n2 3\n", "two kinds of nodes"),
    "HTML": ("g.csv", "<!DOCTYPE html>\n<html>\n", "an HTML page"),
    "JSON": ("g.txt", '[{"source": 1, "target": 2}]\n', "a JSON file"),
    "JSON by name": ("g.json", "{}", "a JSON file"),
    "Excel": ("g.xlsx", "PK", "an Excel workbook"),
    "matrix": ("g.txt", "0 1 0 0\n1 0 1 0\n0 0 0 1\n1 1 0 0\n", "a matrix"),
    "small matrix": ("g.csv", "0,1,0\n1,0,1\n0,0,0\n", "a matrix"),
    "matrix with names": ("g.csv", ",ana,ben,cyd\nana,0,1,0\nben,1,0,1\ncyd,0,0,0\n", "a matrix"),
    "adjacency list": ("g.txt", "0 1 2 3\n1 2\n2 3 0\n3\n", "an adjacency list"),
    "nodes": ("g.csv", "Id,Label\n1,ana\n2,ben\n", "a table of accounts or nodes"),
    "accounts": ("g.csv", "user_id,screen_name,followers_count\n1,ana,3\n2,ben,4\n", "a table of accounts or nodes"),
    "accounts with counts": ("g.csv", "username,following,followers\nana,3,4\nben,4,5\n", "a table of accounts"),
    "list of ids": ("g.txt", "77\n78\n", "a list of ids"),
    "column of ids": ("g.csv", "follower_id\n77\n78\n", "a list of ids"),
    "bzip2": ("g.txt.bz2", "x", "a bzip2 file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_formats_are_named(case, tmp_path):
    name, content, what = REFUSED[case]
    with pytest.raises(ForeignFormat, match=what) as caught:
        find_edge_file(written(tmp_path, name, content))
    assert caught.value.hint


UNCLEAR = {
    "empty": ("g.csv", "", "is empty"),
    "prose": ("g.txt", "This is a text.\nIt has lines.\n", "line 2, 'It has lines.'"),
    "one sentence": ("g.txt", "This is one sentence only.\n", "text and not two ids"),
    "sentence with a comma": ("g.txt", "Once upon a time, there was a file\n", "text and not two ids"),
    "more columns": ("g.csv", "a,b,c\n1,2,3\n", "has no columns follower_id"),
    "names over names and weights": ("g.csv", "a,b,weight\nana,ben,1\nben,cyd,2\n", "has no columns follower_id"),
    "followers of nobody": ("g.csv", "follower_id,follower_name\n1,ana\n", "has no columns follower_id"),
    "responses": ("g.csv", "actor_id,target_id,kind\n1,2,reply\n", "has no columns follower_id"),
    "Mastodon's list": ("g.csv", "Account address,Show boosts\nana@a.example,true\n", "has no columns"),
    "a verb between names": ("g.txt", "ana follows ben\nben follows cyd\n", "do not look like two ids"),
    "arrows": ("g.txt", "a -> b\nb -> c\n", "do not look like two ids"),
    "row numbers without a header": ("g.csv", "1,ana,ben\n2,ben,cyd\n", "do not look like two ids"),
    "all lines are comments": ("g.txt", "#a #b\n#b #c\n", "all 2 lines start with #"),
    "a column twice": ("g.csv", "source,target,source\n1,2,3\n", "the column 'source' twice"),
    "an open quote": ("g.csv", 'source,target\n"ana,ben\ncyd,dan\n', "g.csv:2: a quote is not closed"),
    "mentions": ("g.csv", "source,target,kind\n1,2,follow\n2,1,mention\n", "g.csv:3: .*«mention», not a follow"),
    "binary": ("g.txt", b"\x89PNG\r\n\x1a\n\0\0\0" + bytes(range(256)) * 9, "g.txt"),
    "truncated": ("g.csv.gz", gzip.compress(b"1,2\n" * 9000)[:-20], "g.csv.gz"),
    "not gzip": ("g.csv.gz", "1,2\n", "g.csv.gz"),
    "bzip2 by content": ("g.csv", bz2.compress(b"1,2\n" * 9), "g.csv"),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_what_is_unclear_is_refused(case, tmp_path):
    name, content, what = UNCLEAR[case]
    with pytest.raises(HeadcountError, match=what) as caught:
        read(written(tmp_path, name, content))
    assert caught.value.hint


PROBLEMS = {
    "rounded": (
        "source,target\n1,2.0\n7.9E+17,3\n1.5,2\n",
        ["2: target «2.0»", "3: source «7.9E", "4: source «1.5»"],
    ),
    "rounded with a comma": ("source;target\n7,9E+17;3\n1,0;2\n", ["2: source «7,9E+17»", "3: source «1,0»"]),
    "missing": (
        "source,target\nana,NA\nNaN,ben\n,ben\nana,null\nana,  \n",
        ["2:", "3:", "4:", "5:", "6: target is"],
    ),
    "negative": ("source,target\n-1,2\n", ["2: source «-1» is negative"]),
    "other widths": (
        "source,target\n1,2\n2,3,4\n5\n",
        ["3: expected 2 fields, found 3", "4: expected 2"],
    ),
    "maybe a comment": ("alice bob\n#carol bob\nbob dan#1\n", ["2: «#carol bob» is either a comment or a follow"]),
    "maybe a comment at the start": ("#carol bob\nalice bob\n", ["1: «#carol bob» is either"]),
    "no id in the first row": (",ben\ncyd,dan\n", ["1: follower is missing"]),
    "truncated": ("source,target,w\n1,2,1\n2,3", ["3: expected 3 fields, found 2"]),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_lines_that_cannot_be_taken_are_named_and_skipped_only_when_allowed(case, tmp_path):
    content, reasons = PROBLEMS[case]
    path = written(tmp_path, "e.csv", content)
    rows, edges = read(path)
    shown = [str(problem) for problem in edges.problems]
    assert len(shown) == edges.problem_count == len(reasons)
    assert all(one.startswith(f"e.csv:{reason}") for one, reason in zip(shown, reasons, strict=True)), shown
    with Store(tmp_path / "ws", write=True) as store:
        with pytest.raises(BadRows):
            add(store, path)
        assert store.connection.execute("SELECT count(*) FROM follows").fetchall() == [(0,)]
        assert add(store, path, skip_bad=True).skipped == len(reasons)
        assert len(rows) == store.connection.execute("SELECT count(*) FROM follows").fetchall()[0][0]


def test_a_bad_line_far_down_is_named(tmp_path):
    path = written(tmp_path, "e.csv", "source,target\n" + "1,2\n" * 50_000 + "3,NaN\n" + "1,2\n4;5\n")
    rows, edges = read(path)
    assert [str(one) for one in edges.problems] == [
        "e.csv:50002: target is missing («NaN» stands for a missing value)",
        "e.csv:50004: expected 2 fields, found 1: «4;5»",
    ]
    assert len(rows) == 50_001


def test_pieces_of_one_list_may_be_laid_out_differently(tmp_path):
    files = [
        written(tmp_path, "1.csv", "source,target\n1,2\n"),
        written(tmp_path, "2.csv", "target;source\n1;3\n"),
        written(tmp_path, "3.csv", "source,target\n4,5\n"),
        written(tmp_path, "4.csv", "source,target\nana,5\n"),
    ]
    rows, edges = read(*files[:3])
    assert rows == pairs("1>2 3>1 4>5")
    assert edges.is_whole
    assert read(*files)[0] == pairs("1>2 3>1 4>5 ana>5")


@pytest.mark.parametrize(
    ("content", "proof"),
    [
        ("1,2\n3,0\n", NUMBERS), ("0,0\r\n10,0\r\n", NUMBERS), ("0,1\n2,0", NUMBERS), ("1,2\n03,4\n", PLAIN),
        ("1,00\n", PLAIN), ("00,1\n", PLAIN), ("1,2\n3, 4\n", PLAIN), ("1,2\nana,4\n", PLAIN), ("1,-2\n", PLAIN),
        ('1,"2"\n', OTHER), ("1,é\n", OTHER), ("1,2\x01\n", OTHER), ("1,2\n3,4\r\n", OTHER), ("1,{2}\n", OTHER),
    ],
)  # fmt: skip
def test_what_the_bytes_prove(content, proof, tmp_path):
    found = find_edge_file(written(tmp_path, "e.csv", "source,target\n" + content))
    assert certify(found.file, found.layout) == proof


COLUMNS = {
    "follower_id,followee_id": (0, 1), "followee_id,follower_id": (1, 0), "Follower,Followee": (0, 1),
    "followerId,followeeId": (0, 1), "source,target": (0, 1), "Source,Target,Type": (0, 1), "src,dst": (0, 1),
    "from,to": (0, 1), "to,from": (1, 0), "FromNodeId,ToNodeId": (0, 1), "from_user_id,to_user_id": (0, 1),
    "user_id,follower_id": (1, 0), "user,follower": (1, 0), "follower,user": (0, 1), "id,follower_id": (1, 0),
    "user_id,friend_id": (0, 1), "user_id,following_id": (0, 1), "follower,following": (0, 1),
    "following,follower": (1, 0), "did,subject": (0, 1), "weight,target,source": (2, 1), ",source,target": (1, 2),
    "source_id,source_name,target_id,target_name": (0, 2), "follower_username,followed_username": (0, 1),
    "a,b": None, "Id,Label": None, "user_id,screen_name": None, "follower_id,screen_name": None,
    "username,followers,following": None, "source_id,target_name": None, "actor_id,target_id,kind": None,
    "follower_id": None, "source": None, "id,name,source": None, "subject,target": None,
}  # fmt: skip


@pytest.mark.parametrize("names", COLUMNS)
def test_columns_by_name(names, tmp_path):
    found = find_follow_columns(names.split(","))
    assert (None if found is None else (found.follower, found.followee)) == COLUMNS[names]


@pytest.mark.parametrize(
    ("text", "fields", "in_preamble", "kind"),
    [
        ("# a b", 3, False, CommentKind.COMMENT), ("#", 1, False, CommentKind.COMMENT),
        ("#a b", 2, False, CommentKind.AMBIGUOUS), ("#a b c", 3, False, CommentKind.COMMENT),
        ("a b", 2, False, CommentKind.NONE), ("#Directed graph", 2, True, CommentKind.COMMENT),
        ("#Nodes: 5", 2, True, CommentKind.COMMENT), ("#a b", 2, True, CommentKind.AMBIGUOUS),
        ("%%x y", 2, False, CommentKind.AMBIGUOUS), ("%asym positive", 2, True, CommentKind.COMMENT),
    ],
)  # fmt: skip
def test_comments(text, fields, in_preamble, kind):
    assert comment_kind(text, fields, 2, in_preamble=in_preamble) == kind


NOT_IDS = ["1.0", "12.5", "1,0", "7.9E+17", "7.9e+17", "7.9E17", "8E+17", "x:12.0", "-5", "1."]
NOT_IDS += ["NA", "nan", "None", "<NA>", "#N/A", "N/A", "null", "\\N"]
IDS = ["1", "007", "x:12", "2e5", "v1.0", "1.2.3", "nana", "Nathan", "a.b", "did:plc:ab12", "é", "12e3f"]
IDS += ["18446744073709551616", "#a", "-"]


@pytest.mark.parametrize("text", [*NOT_IDS, "", "a\tb"])
def test_what_is_not_an_id(text):
    assert id_problem("source", text)


@pytest.mark.parametrize("text", [*IDS, "a b"])
def test_what_is_an_id(text):
    assert id_problem("source", text) is None


@pytest.mark.parametrize("text", [*NOT_IDS, *IDS])
def test_the_rules_in_sql_find_all_that_need_a_look(text):
    with duckdb.connect() as con:
        sql = is_odd_id("t", is_whole_number("t"), plain=True)
        (odd,) = con.execute(f"SELECT {sql} FROM (SELECT ? AS t)", [text]).fetchall()[0]
    assert odd or id_problem("source", text) is None


# -- headcount add -----------------------------------------------------------------------------------------


def add(store: Store, path: Path, *, skip_bad: bool = False):
    source = find_source(path)
    return store.ingest(lambda con: source.read(path, con, skip_bad=skip_bad), path=str(path), now=NOW)


@pytest.mark.parametrize("name", ["e.csv", "e.txt", "e.tsv", "e.edges", "e.edgelist", "e.csv.gz", "follows.csv"])
def test_add_reads_edge_lists(name, tmp_path):
    data = b"user_id,follower_id\n1,2\n1,3\n"
    path = written(tmp_path, name, gzip.compress(data) if name.endswith(".gz") else data)
    with Store(tmp_path / "ws", write=True) as store:
        imported = add(store, path)
        found = store.connection.execute("SELECT follower_id, followee_id FROM follows ORDER BY ALL").fetchall()
    assert found == [("table:2", "table:1"), ("table:3", "table:1")]
    assert imported.source == "edge list"
    assert any("'follower_id' follows" in note for note in imported.notes)


@pytest.mark.parametrize("header", ["follower_id,followee_id", "Follower_ID,followee_id,observed_at"])
def test_tidy_follows_keep_their_own_reader(header, tmp_path):
    path = written(tmp_path, "follows.csv", header + "\n1,2" + (",2026-01-01\n" if "observed" in header else "\n"))
    assert find_source(path).name == "tidy tables"
    assert find_source(tmp_path).name == "tidy tables"


def test_an_edge_list_does_not_claim_that_lists_are_complete(tmp_path):
    path = written(tmp_path, "e.csv", "source,target\n2,1\n3,1\n4,1\n")
    with Store(tmp_path / "ws", write=True) as store:
        add(store, path)
        written(tmp_path, "e.csv", "source,target\n2,1\n3,1\n")
        add(store, path)
        assert store.connection.execute("SELECT count(*) FROM follows WHERE gone_at IS NULL").fetchall() == [(3,)]


@pytest.mark.parametrize("case", ["Pajek by name", "UCINET by name", "UCINET", "nodes", "matrix with names"])
def test_add_names_other_formats(case, tmp_path):
    name, content, what = REFUSED[case]
    path = written(tmp_path, name, content)
    with pytest.raises(HeadcountError, match=what):
        find_source(path).read(path, duckdb.connect(), skip_bad=False)


@pytest.mark.parametrize("name", ["notes.txt", "notes.csv"])
def test_text_is_not_an_edge_list(name, tmp_path):
    with pytest.raises((UsageError, InputError)):
        find_source(written(tmp_path, name, "Dear diary, today I read a file of follows.\nIt was long.\n"))
