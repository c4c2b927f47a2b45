"""Small inputs that stand for much work or memory end soon, with one sentence."""

from __future__ import annotations

import csv
import errno
import gzip
import hashlib
import io
import json
import os
import socket
import sqlite3
import tarfile
import time
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path

import duckdb
import libipld
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources import archives

import headcount as hc
from headcount.cli.main import main
from headcount.errors import HeadcountError, InputError, UsageError, as_known_error
from headcount.sources import find_source, read_source
from headcount.sources.bluesky.car import MAX_BLOCK_BYTES, MAX_BLOCKS, MAX_CAR_BYTES
from headcount.sources.bluesky.live_rows import _iso
from headcount.sources.bluesky.repo import read_repository
from headcount.sources.collect.landing import Landing
from headcount.sources.formats import archive_files, json_bounds
from headcount.sources.formats.jsonlines import Problems, values
from headcount.sources.formats.malformed import malformed
from headcount.sources.formats.tidy.raw import raw_rows
from headcount.store.cleaning import places_on_circles
from headcount.store.store import Store
from headcount.tables import ACCOUNTS


def refused(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, code: int = 1) -> str:
    """The one sentence with which an input is refused, within 10 CPU seconds."""
    began = time.process_time()
    assert main(["add", str(path), "--workspace", str(tmp_path / "workspace")]) == code
    assert time.process_time() - began < 10
    error = capsys.readouterr().err
    assert error.startswith("headcount: ")
    assert " Hint: " in error
    assert len(error.splitlines()) == 1, error
    return error


# -- circles of posts ---------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-1, 20), max_size=21))
def test_places_on_circles_are_those_that_come_back_to_themselves(parents):
    links = [(place, parent) for place, parent in enumerate(parents) if 0 <= parent < len(parents)]
    step = dict(links)

    def comes_back(place):
        at = step.get(place)
        for _ in parents:
            if at is None or at == place:
                break
            at = step.get(at)
        return at == place

    place, parent = (np.array([link[side] for link in links], dtype=np.int64) for side in (0, 1))
    expected = [place for place in range(len(parents)) if comes_back(place)]
    assert places_on_circles(place, parent, len(parents)).tolist() == expected


@pytest.mark.parametrize("circle", [True, False], ids=["circle", "chain"])
def test_a_hundred_thousand_posts_in_one_thread(circle, tmp_path, capsys):
    count = 100_000
    with (tmp_path / "posts.csv").open("w") as file:
        file.write("post_id,author_id,reply_to_post_id\n")
        file.writelines(f"p{n},x:{n % 7},p{(n + 1) % (count if circle else count + 1)}\n" for n in range(count))
    began = time.process_time()
    assert main(["add", str(tmp_path / "posts.csv"), "--workspace", str(tmp_path / "workspace"), "--json"]) == 0
    assert time.process_time() - began < 10
    notes = json.loads(capsys.readouterr().out)[0]["notes"]
    assert any(note.startswith("100,000 posts reply to each other in a cycle") for note in notes) is circle


# -- repositories -------------------------------------------------------------------------------------------------


def block(value: object) -> tuple[bytes, bytes]:
    """The address and the bytes of a value."""
    content = libipld.encode_dag_cbor(value)
    return b"\x01\x71\x12\x20" + hashlib.sha256(content).digest(), content


def car(root: bytes, blocks: list[tuple[bytes, bytes]]) -> bytes:
    """A CAR file of these blocks."""

    def length(number: int) -> bytes:
        out = bytearray()
        while number >= 128:
            out.append(number & 127 | 128)
            number >>= 7
        return bytes([*out, number])

    header = b"\xa2eroots\x81\xd8\x2a\x58\x25\x00" + root + b"gversion\x01"
    parts = [length(len(header)), header]
    for address, content in blocks:
        parts += [length(len(address) + len(content)), address, content]
    return b"".join(parts)


def repository(node: object, others: list[tuple[bytes, bytes]]) -> bytes:
    top = block(node)
    root = block({"did": "did:plc:a", "data": top[0]})
    return car(root[0], [root, top, *others])


def test_a_repository_that_is_no_tree_is_refused(tmp_path, capsys):
    record = block({"$type": "app.bsky.feed.post", "text": "a"})
    node = block({"l": None, "e": [{"p": 0, "k": b"app.bsky.feed.post/a", "v": record[0], "t": None}]})
    blocks = [record, node]
    for _ in range(62):
        node = block({"l": node[0], "e": [{"p": 0, "k": b"app.bsky.feed.post/b", "v": record[0], "t": node[0]}]})
        blocks.append(node)
    root = block({"did": "did:plc:a", "data": node[0]})
    (tmp_path / "dag.car").write_bytes(car(root[0], [root, *blocks]))
    assert "not a tree" in refused(tmp_path / "dag.car", tmp_path, capsys)


def test_records_that_many_keys_share_are_bounded():
    record = block({"$type": "app.bsky.feed.post", "text": "a" * 1_000_000})
    entries = [{"p": 0, "k": b"app.bsky.feed.post/%d" % n, "v": record[0], "t": None} for n in range(10_000)]
    with pytest.raises(InputError, match="repeats its records"):
        read_repository(repository({"l": None, "e": entries}, [record]))


@pytest.mark.parametrize(
    "node",
    [
        {"l": None, "e": 5},
        {"l": None, "e": ["a"]},
        {"l": None, "e": [{"p": "a", "k": b"b", "v": b"c"}]},
        {"l": None, "e": [{"p": 0, "k": 7, "v": b"c"}]},
        {"l": {}, "e": []},
        {"l": None, "e": [{"p": 0, "k": b"b", "v": {}}]},
        {"l": None, "e": [{"p": 10**18, "v": b"c"}]},
    ],
)
def test_a_malformed_node_is_one_sentence(node):
    with pytest.raises(InputError, match="malformed node"):
        read_repository(repository(node, []))


@pytest.mark.parametrize("content", [b"\x81" * 200_000, b"\x9b\x00\x00\x01" + b"\x00" * 5, b"\xbb" + b"\xff" * 8])
def test_cbor_that_claims_or_nests_too_much(content):
    address = b"\x01\x71\x12\x20" + hashlib.sha256(content).digest()
    with pytest.raises(InputError):
        read_repository(car(address, [(address, content)]))


def posts(contents: list[bytes]) -> bytes:
    """A repository with a post for each of these blocks."""
    others = [(b"\x01\x71\x12\x20" + hashlib.sha256(content).digest(), content) for content in contents]
    entries = [
        {"p": 0, "k": b"app.bsky.feed.post/%09d" % n, "v": address, "t": None} for n, (address, _) in enumerate(others)
    ]
    return repository({"l": None, "e": entries}, others)


@pytest.mark.parametrize(
    "filler", [b"\x80", b"\xa0", b"\x01", b"\x60", b"\x81\x80"], ids=["lists", "maps", "numbers", "texts", "nested"]
)
def test_a_repository_of_values_without_content_is_refused(filler, tmp_path, capsys):
    """Each byte stands for an object in memory: six million of them in 6 MB, in records of ordinary size."""
    count = 2_000
    contents = [
        b"\xa2ax\x99" + count.to_bytes(2, "big") + filler * count + b"ay\x1a" + number.to_bytes(4, "big")
        for number in range(3_000)
    ]
    path = tmp_path / "dense.car"
    path.write_bytes(posts(contents))
    began = time.process_time()
    assert "far more values than a real one of its size" in refused(path, tmp_path, capsys)
    assert time.process_time() - began < 10


def test_a_block_that_is_larger_than_any_record(tmp_path, capsys):
    path = tmp_path / "big.car"
    path.write_bytes(posts([libipld.encode_dag_cbor({"text": "a" * (MAX_BLOCK_BYTES + 1)})]))
    assert "contains a block of 2,09" in refused(path, tmp_path, capsys)


def test_more_blocks_than_any_repository(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("headcount.sources.bluesky.car.MAX_BLOCKS", 1_000)
    path = tmp_path / "many.car"
    path.write_bytes(posts([libipld.encode_dag_cbor({"text": str(number)}) for number in range(1_001)]))
    assert "more than 1,000 blocks" in refused(path, tmp_path, capsys)


def test_a_repository_over_the_documented_size(tmp_path, capsys):
    path = tmp_path / "long.car"
    path.touch()
    os.truncate(path, MAX_CAR_BYTES + 1)
    assert "more than 512 MB" in refused(path, tmp_path, capsys)
    howto = Path(__file__).parents[2] / "docs" / "how-to" / "collect.md"
    assert f"up to {MAX_CAR_BYTES >> 20} MB and\n{MAX_BLOCKS:,} blocks" in howto.read_text(encoding="utf-8")


def test_a_large_repository_is_read_in_less_memory_than_its_content_takes(tmp_path):
    """12,000 real-sized posts of 1 kB: 12 MB, and as Python objects several times that."""
    words = "really listening on a sunday in the train " * 20
    contents = [libipld.encode_dag_cbor({"text": f"{number} {words}", "langs": ["en"]}) for number in range(12_000)]
    path = tmp_path / "posts.car"
    path.write_bytes(posts(contents))
    size = path.stat().st_size
    del contents
    tracemalloc.start()
    try:
        with path.open("rb", buffering=0) as file:
            repository = read_repository(file)
            texts = sum(
                record.value["text"].startswith(str(number)) for number, record in enumerate(repository.records)
            )
        assert tracemalloc.get_traced_memory()[1] < size * 0.8
    finally:
        tracemalloc.stop()
    assert texts == len(repository.records) == repository.counts["app.bsky.feed.post"] == 12_000


def test_a_length_without_an_end():
    text = block({"a": "b"})[1].replace(b"b", b"\xff")  # invalid text, so that the other decoder reads it
    address = b"\x01\x71\x12\x20" + hashlib.sha256(text).digest()
    began = time.process_time()
    with pytest.raises(InputError):
        read_repository(car(address, [(address, text)]) + b"\x80" * 1_000_000)
    assert time.process_time() - began < 5


# -- landings -----------------------------------------------------------------------------------------------------


def landing_with(path: Path, packed: bytes, **changed: object) -> Path:
    with Landing(path, write=True) as landing:
        landing.set_meta("platform", "bluesky")
        landing.put("profile", "https://a.example/profile", 200, {}, b"{}")
        landing.finish()
    con = sqlite3.connect(path)
    con.execute("UPDATE pages SET body = ?", [packed])
    for name, value in changed.items():
        con.execute(f"UPDATE pages SET {name} = ?", [value])
    con.commit()
    con.close()
    return path


def test_an_answer_that_unpacks_to_gigabytes(tmp_path, capsys):
    body = zlib.compress(b" " * (80 << 20), 9)
    path = landing_with(tmp_path / "a.landing", body)
    assert "unpacks to more than 64 MiB" in refused(path, tmp_path, capsys)


def test_an_answer_of_more_json_than_any_real_one(tmp_path, capsys):
    body = zlib.compress(b"[" + b"[]," * (9 << 20) + b"[]]", 1)
    assert "of JSON" in refused(landing_with(tmp_path / "a.landing", body), tmp_path, capsys)


@pytest.mark.parametrize(
    "changed",
    [{"status": "abc"}, {"fetched_at": "%00"}, {"fetched_at": 5}, {"headers": "["}, {"body": "text"}, {"body": b"x"}],
)
def test_a_damaged_page(changed, tmp_path, capsys):
    path = landing_with(tmp_path / "a.landing", zlib.compress(b"{}"), **changed)
    assert "is damaged" in refused(path, tmp_path, capsys)


@pytest.mark.parametrize("body", [b"[" * 100_000, b"1" + b"0" * 100_000, b"5", b'"a"', b"[]", b"{}", b'{"did": 5}'])
def test_a_profile_that_is_none(body, tmp_path, capsys):
    refused(landing_with(tmp_path / "a.landing", zlib.compress(body)), tmp_path, capsys)


def test_a_landing_that_sqlite_cannot_read(tmp_path, capsys):
    path = landing_with(tmp_path / "a.landing", zlib.compress(b"{}"))
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)
    refused(path, tmp_path, capsys)


@pytest.mark.parametrize("moment", [10**400, -(10**400), 1 << 63, 0])
def test_the_time_of_an_event_that_is_none(moment):
    assert _iso(moment) == ("1970-01-01T00:00:00+00:00" if not moment else None)


# -- JSON ---------------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.one_of(st.text(st.sampled_from('a,"\\[]{}\n'), max_size=8), st.integers(), st.none()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.sampled_from(',"\\]'), max_size=3), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.lists(json_values, max_size=6), st.integers(1, 40))
def test_entries_of_a_list_are_counted_where_they_are(listed, window):
    before = json_bounds._WINDOW
    json_bounds._WINDOW = window
    try:
        assert json_bounds._commas(json.dumps(listed).encode(), 1) == max(len(listed) - 1, 0)
        wrapped = json.dumps({"a": 1, "items": listed}).encode()
        assert json_bounds._commas(wrapped, 2) == max(len(listed) - 1, 0) + 1
    finally:
        json_bounds._WINDOW = before


def test_a_list_of_too_many_entries(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(json_bounds, "MAX_ENTRIES", 1_000)
    files = archives.modern() | {"data/follower.js": "window.YTD.follower.part0 = [" + "{}," * 2_000 + "{}]"}
    assert "more than 1,000 entries" in refused(archives.folder(tmp_path / "x", files), tmp_path, capsys)


def test_a_profile_of_200_megabytes_in_a_folder(tmp_path, capsys):
    files = archives.modern() | {"data/account.js": "window.YTD.account.part0 = [" + "{}," * 7_000_000 + "{}]"}
    assert "one JSON value" in refused(archives.folder(tmp_path / "x", files), tmp_path, capsys)


def test_json_nested_a_hundred_thousand_deep(tmp_path):
    path = tmp_path / "tweets.jsonl"
    path.write_bytes(b"[" * 100_000)
    with pytest.raises(InputError, match="nested too deeply"):
        list(values(path, Problems(path.name)))
    path.write_bytes(b'{"data": ' + b"[" * 100_000)
    problems = Problems(path.name)
    assert list(values(path, problems)) == []
    assert [str(problem) for problem in problems.shown] == ["tweets.jsonl:1: is nested too deeply"]


def test_a_line_of_json_that_is_too_long(tmp_path):
    with gzip.open(tmp_path / "tweets.jsonl.gz", "wb", compresslevel=1) as file:
        file.write(b'{"data": "' + b"a" * 20_000_000 + b'"}\n')
    with pytest.raises(InputError, match="one JSON value of more than 16 MB"):
        list(values(tmp_path / "tweets.jsonl.gz", Problems("tweets.jsonl.gz")))


@pytest.mark.parametrize(
    "lines",
    [
        ["[", "[" * 2_000_000 + "]" * 2_000_000, "]"],
        ["[", '"' + '\\"' * 2_000_000, "]"],
        ["{", "{]" * 2_000_000, "}"],
        ['{"a": "' + '\\"' * 2_000_000],
    ],
    ids=["nested", "a string without an end", "closed wrongly", "one line"],
)
def test_brackets_are_counted_in_linear_time(lines, tmp_path):
    path = tmp_path / "tweets.jsonl"
    path.write_text("\n".join(lines))
    problems, began = Problems(path.name), time.process_time()
    with suppress(InputError):
        assert list(values(path, problems)) == []
        assert problems.count
    assert time.process_time() - began < 5


@pytest.mark.parametrize("joint", [",", ",\n"])
def test_a_list_may_be_longer_than_a_single_value(joint, tmp_path):
    entry = json.dumps({"id": 1, "text": "a" * 1_000_000})
    path = tmp_path / "tweets.json"
    path.write_text("[" + joint.join([entry] * 20) + "]")
    found = list(values(path, Problems(path.name)))
    assert [value.number for value in found] == list(range(1, 21))
    assert found[-1].content["id"] == 1


def test_a_table_in_one_line_of_json_may_be_long(tmp_path, capsys):
    rows = [{"account_id": f"x:{n}", "bio": "a" * 1_000_000} for n in range(20)]
    (tmp_path / "accounts.jsonl").write_text(json.dumps(rows))
    workspace = str(tmp_path / "workspace")
    assert main(["add", str(tmp_path / "accounts.jsonl"), "--workspace", workspace]) == 0
    assert "20 accounts" in capsys.readouterr().out


def test_a_million_entries_that_cannot_be_read_end_it(monkeypatch, tmp_path):
    monkeypatch.setattr("headcount.sources.formats.jsonlines.MAX_PROBLEMS", 100)
    (tmp_path / "a.jsonl").write_text("x\n" * 200)
    with pytest.raises(InputError, match="more than 100 unreadable entries"):
        list(values(tmp_path / "a.jsonl", Problems("a.jsonl")))


# -- tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "fragment"),
    [
        ("accounts.csv", b"account_id" + b",a" * 1_000_000 + b"\nx:1\n", "columns"),
        ("accounts.csv", b"account_id" + b",a" * 3_000 + b"\nx:1\n", "columns"),
        ("accounts.csv", b"account_id,bio\nx:1," + b"a" * 20_000_000, "a line of more than 16 MB"),
        ("accounts.jsonl", b'{"account_id":"x:1"' + b"".join(b',"c%d":1' % n for n in range(5_000)) + b"}", "names"),
        ("accounts.jsonl", b'{"account_id":"x:1","bio":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "contains a list"),
        ("accounts.jsonl", b'{"account_id":"x:1","followers_count":1' + b"0" * 100_000 + b"}", "is not an integer"),
    ],
    ids=["a million columns", "3,000 columns", "a long line", "5,000 names", "nested", "a huge number"],
)
def test_tables_that_are_none(name, content, fragment, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert fragment in refused(tmp_path / name, tmp_path, capsys)


def test_a_line_of_an_edge_list_that_is_too_long(tmp_path, capsys):
    rows = [*(f"a{n} b{n}" for n in range(20_000)), "a " + "b" * 20_000_000]
    (tmp_path / "edges.txt").write_text("\n".join(rows))
    assert "a line of more than 16 MB" in refused(tmp_path / "edges.txt", tmp_path, capsys)


# -- files that are none ------------------------------------------------------------------------------------------


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def device(path: Path) -> Path:
    path.symlink_to("/dev/zero")
    return path


def bound_socket(path: Path) -> Path:
    held = socket.socket(socket.AF_UNIX)
    held.bind(str(path))
    held.close()
    return path


@pytest.mark.parametrize(("make", "what"), [(fifo, "a FIFO"), (device, "a device"), (bound_socket, "a socket")])
@pytest.mark.parametrize("name", ["accounts.csv", "accounts.parquet", "a.car", "a.zip", "a.jsonl", "a.landing"])
def test_what_is_no_file(make, what, name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    Path("folder").mkdir()
    make(Path("folder") / name)
    assert what in refused(Path("folder") / name, tmp_path, capsys, code=2)
    if name.startswith("accounts"):
        assert what in refused(Path("folder"), tmp_path, capsys)


@pytest.mark.parametrize("target", ["/etc/passwd", "/dev/zero", "../../outside.js"])
def test_a_link_that_leads_out_of_an_archive(target, tmp_path, capsys):
    folder = archives.folder(tmp_path / "x", archives.modern())
    (tmp_path / "outside.js").write_text("window.YTD.account.part0 = []")
    (folder / "data" / "account.js").unlink()
    (folder / "data" / "account.js").symlink_to(target)
    error = refused(folder, tmp_path, capsys)
    assert "to a path outside the folder" in error
    assert "root:" not in error


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission(tmp_path, capsys):
    (tmp_path / "accounts.csv").write_text("account_id\nx:1\n")
    (tmp_path / "accounts.csv").chmod(0)
    assert "permission" in refused(tmp_path / "accounts.csv", tmp_path, capsys).lower()


def test_a_fault_of_the_disk_has_a_hint():
    with pytest.raises(InputError, match=r"Permission denied\. Hint: check"), malformed(Path("a.csv")):
        raise PermissionError(13, "Permission denied")


# -- archives -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz"])
def test_a_tar_that_unpacks_to_far_more_than_it_should(compression, tmp_path, capsys):
    path = tmp_path / "archive.tar.gz"  # named so whatever it is
    with tarfile.open(path, f"w:{compression}") as file:
        entry = tarfile.TarInfo("media/a.png")
        entry.size = 70 << 20
        file.addfile(entry, io.BytesIO(b"\0" * entry.size))
    with pytest.raises(InputError, match="zip bomb"), archive_files.members(path, lambda _: True):
        pass
    if compression == "gz":
        assert "zip bomb" in refused(path, tmp_path, capsys)
    else:  # the command does not even unpack it
        assert "compressed with" in refused(path, tmp_path, capsys, code=2)


def test_the_headers_of_a_tar_count_too(tmp_path, capsys):
    path = tmp_path / "archive.tar.gz"
    with gzip.open(path, "wb") as file:
        header = tarfile.TarInfo("././@PaxHeader")
        header.type, header.size = tarfile.XHDTYPE, 300 << 20
        file.write(header.tobuf())
        for _ in range(100):
            file.write(b"\0" * (1 << 20))
    assert "zip bomb" in refused(path, tmp_path, capsys)


def test_a_zip_with_a_list_of_files_that_is_too_long(monkeypatch, tmp_path, capsys):
    path = archives.zipped(tmp_path / "x.zip", archives.modern())
    monkeypatch.setattr(archive_files, "_MAX_DIRECTORY_BYTES", 100)
    assert "lists more files" in refused(path, tmp_path, capsys)


# -- any other fault ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [KeyError("did"), TypeError("a"), OverflowError("b"), RecursionError(), sqlite3.DatabaseError("c"), EOFError()],
)
def test_whatever_a_reader_raises_is_one_sentence(error):
    class Source:
        name = "source"

        def read(self, *_: object, **__: object) -> None:
            raise error

    with pytest.raises(InputError, match="it is malformed") as caught:
        read_source(Source(), Path("a.csv"), None, skip_bad=False)  # type: ignore[arg-type]
    assert caught.value.hint


@pytest.mark.parametrize("name", ["accounts.csv", "accounts.jsonl"])
def test_want_of_disk_or_memory_is_no_fault_of_the_file(name, tmp_path):
    """DuckDB has little memory and may write no temporary file, as on a full disk."""
    rows = [{"account_id": f"x:{number}", "bio": "words " * 40} for number in range(60_000)]
    path = tmp_path / name
    with path.open("w") as file:
        if name.endswith(".csv"):
            file.write("account_id,bio\n" + "".join(f"{row['account_id']},{row['bio']}\n" for row in rows))
        else:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    with duckdb.connect() as con:
        con.execute("SET memory_limit = '8MB'")
        con.execute(f"SET temp_directory = '{tmp_path / 'spill'}'")
        con.execute("SET max_temp_directory_size = '0KB'")
        con.execute("SET threads = 1")
        with pytest.raises(HeadcountError) as caught, raw_rows(con, path, ACCOUNTS):
            pass
    assert not isinstance(caught.value, InputError)
    assert "damaged" not in str(caught.value)


FULL = [
    OSError(errno.ENOSPC, "No space left on device"),
    sqlite3.OperationalError("database or disk is full"),
    duckdb.IOException("IO Error: Could not write file: No space left on device"),
    duckdb.OutOfMemoryException("failed to offload data block, max_temp_directory_size reached"),
]


@pytest.mark.parametrize("error", FULL, ids=lambda error: type(error).__name__)
def test_a_full_disk_is_called_that(error, tmp_path):
    assert str(as_known_error(error)).startswith("There is no space left on the disk. Hint: free some space")
    if not isinstance(error, duckdb.IOException):
        with pytest.raises(HeadcountError, match="no space left") as caught, malformed(tmp_path / "a.csv"):
            raise error
        assert not isinstance(caught.value, InputError)


def test_the_library_raises_its_own_errors_only(tmp_path):
    """A damaged store: one sentence with a hint, whatever is asked of it."""
    workspace = hc.open(tmp_path / "ws")
    (tmp_path / "accounts.csv").write_text("account_id\nx:1\n")
    workspace.add(tmp_path)
    store = tmp_path / "ws" / "headcount.duckdb"
    content = bytearray(store.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    store.write_bytes(content)
    calls = [
        lambda: workspace.report("x:1"),
        lambda: workspace.export(tmp_path / "out"),
        lambda: workspace.accounts(),
        lambda: workspace.followers("x:1"),
        lambda: workspace.add(tmp_path / "accounts.csv"),
        lambda: workspace.forget("x:1"),
    ]
    for call in calls:
        with pytest.raises(HeadcountError) as caught:
            call()
        assert caught.value.hint


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException("a"),
        sqlite3.DatabaseError("b"),
        zlib.error("c"),
        csv.Error("d"),
        OverflowError("e"),
        RecursionError("f"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_of_libraries_become_those_of_headcount_in_every_method(error, tmp_path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Store, "__init__", fail)
    workspace = hc.open(tmp_path)
    for name in ("accounts", "snapshots", "view", "measure", "report", "followers", "authenticity", "sync"):
        arguments = {"account": "x:1"} if name == "view" else {}
        with pytest.raises(HeadcountError) as caught:
            getattr(workspace, name)(**arguments)
        assert caught.value.__cause__ is error
        assert caught.value.hint


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a fault of this program"), PermissionError("no")])
def test_other_errors_are_raised_as_they_are(error, tmp_path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Store, "__init__", fail)
    with pytest.raises(type(error)):
        hc.open(tmp_path).snapshots()


def test_the_nearest_name_is_proposed(tmp_path):
    (tmp_path / "acounts.csv.gz").touch()
    with pytest.raises(UsageError, match=r"did you mean .*acounts\.csv\.gz\?"):
        find_source(tmp_path / "accounts.csv.gz")
