"""Ids that a spreadsheet or JavaScript rounded, and counts with separators: refused or named, never guessed."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

import headcount
from headcount.errors import BadRows, InputError
from headcount.store.rounded_ids import is_rounded

IDS = 60


def snowflakes(count: int = IDS, seed: int = 7) -> list[int]:
    """Ids as X makes them: milliseconds, a worker, and a number that is nearly always 0."""
    rng = np.random.default_rng(seed)
    milliseconds = rng.integers(300_000_000_000, 450_000_000_000, count)
    workers = rng.integers(0, 1024, count)
    return [(int(time) << 22) | (int(worker) << 12) for time, worker in zip(milliseconds, workers, strict=True)]


def excel(identifier: int) -> str:
    digits = str(identifier)
    return digits[:15] + "0" * (len(digits) - 15)


def javascript(identifier: int) -> str:
    """The shortest digits that give the same double, as JSON.stringify writes it."""
    shortest = repr(float(identifier)).partition("e")[0].replace(".", "")
    return shortest[:17].ljust(len(str(identifier)), "0")


def claimed(folder: Path, account: str) -> int | None:
    with duckdb.connect(str(next((folder / "ws").glob("*.duckdb"))), read_only=True) as con:
        return con.execute("SELECT followers_count FROM accounts WHERE account_id = ?", [account]).fetchall()[0][0]


def table(folder: Path, ids: list[str]) -> Path:
    path = folder / "posts.csv"
    path.write_text("post_id,author_id\n" + "".join(f"{identifier},x:77\n" for identifier in ids))
    return path


@pytest.mark.parametrize(("rounded", "digits"), [(excel, 15), (javascript, 17)])
def test_ids_that_were_all_rounded_are_refused(rounded, digits: int, tmp_path: Path) -> None:
    path = table(tmp_path, [rounded(identifier) for identifier in snowflakes()])
    with pytest.raises(
        InputError, match=rf"60 of 60 ids of 19 digits in posts\.post_id end in 0+ .*to {digits} digits"
    ):
        headcount.open(tmp_path / "ws").add(path)


def test_ids_of_which_some_were_rounded_are_named(tmp_path: Path) -> None:
    ids = snowflakes()
    path = table(tmp_path, [excel(one) if place < 20 else str(one) for place, one in enumerate(ids)])
    imported = headcount.open(tmp_path / "ws").add(path)
    assert any("20 of 60 ids of 19 digits in posts.post_id end in 0000" in note for note in imported.notes)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("seed", range(20))
def test_ids_as_they_are_made_are_not_suspected(seed: int, tmp_path: Path) -> None:
    path = table(tmp_path, [str(identifier) for identifier in snowflakes(3_000, seed)])
    imported = headcount.open(tmp_path / "ws").add(path)
    assert not any("rounded" in note for note in imported.notes)


def test_the_share_that_chance_gives() -> None:
    """Binomial tails: 5 of 5 at 5% is 3e-7, 4 of 4 is 6e-6; 1,000 ids of which 40 end in 00 are as expected."""
    assert is_rounded(5, 2, 5)
    assert not is_rounded(4, 2, 4)
    assert not is_rounded(1_000, 2, 50)
    assert is_rounded(1_000, 2, 100)
    assert not is_rounded(0, 2, 0)


def test_rounded_ids_in_json_of_x(tmp_path: Path) -> None:
    """`id` as a number that JavaScript rounded; where `id_str` stands beside it, that counts."""
    path = tmp_path / "t.jsonl"
    lines = [{"id": int(javascript(one)), "author_id": 77, "text": "hi"} for one in snowflakes()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(InputError, match="rounded to 17 digits"):
        headcount.open(tmp_path / "ws").add(path)
    lines = [
        {"id": int(javascript(one)), "id_str": str(one), "text": "hi", "user": {"id_str": "77", "screen_name": "m"}}
        for one in snowflakes()
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert headcount.open(tmp_path / "ws").add(path).read["posts"] == IDS


@pytest.mark.parametrize("identifier", ["1.5E+18", "1,5E+18", "1.5e18", "12.0", "12,0", "1.500.000.000", "x:1.5E+18"])
def test_an_id_in_another_form_is_refused(identifier: str, tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(f"account_id;handle\n{identifier};ana\n")
    with pytest.raises(BadRows, match=r"accounts\.csv:2: account_id .* is not an id but a number that was rounded"):
        headcount.open(tmp_path / "ws").add(path)


@pytest.mark.parametrize("identifier", ["007", "a.b", "v1.2", "1e5", "12.34.56", "10.0.0.1", "did:plc:1.0x"])
def test_other_ids_are_text(identifier: str, tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(f"account_id;handle\n{identifier};ana\n")
    assert headcount.open(tmp_path / "ws").add(path).read["accounts"] == 1


@pytest.mark.parametrize("missing", ["NA", "NaN", "<NA>", "None", "NULL", "#N/A", ""])
def test_what_stands_for_nothing_is_nothing(missing: str, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text(f"post_id,author_id,reply_to_post_id,created_at\n1,x:7,{missing},{missing}\n")
    (tmp_path / "accounts.csv").write_text(
        f"account_id,handle,followers_count,verified\nx:7,{missing},{missing},{missing}\n"
    )
    workspace = headcount.open(tmp_path / "ws")
    workspace.add(tmp_path)
    assert claimed(tmp_path, "x:7") is None
    (tmp_path / "follows.csv").write_text(f"follower_id,followee_id\nx:7,x:8\n{missing},x:9\n")
    with pytest.raises(BadRows, match=r"follows\.csv:3: follower_id is missing"):
        workspace.add(tmp_path / "follows.csv")


@pytest.mark.parametrize(
    "count",
    ["12.000", "1.234", "12,000", "1.234.567", "1,2K", "3K", "1.2M", "1'234", "1 234", "5,0", "-1", "1e3", "12.5"],
)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_count_in_another_form_is_refused(count: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / f"accounts.{form}"
    row = f"account_id;followers_count\nx:1;5\nx:2;{count}\n"
    lines = [{"account_id": "x:1", "followers_count": "5"}, {"account_id": "x:1"}]
    lines.append({"account_id": "x:2", "followers_count": count})
    path.write_text(row if form == "csv" else "".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(BadRows, match=rf"accounts\.{form}:3: followers_count .* is not an integer from 0"):
        headcount.open(tmp_path / "ws").add(path)


@pytest.mark.parametrize(("count", "value"), [("12", 12), ("12.0", 12), ("12.00", 12), ("+5", 5), ("12000.000", 12000)])
def test_a_count_that_leaves_no_doubt_is_read(count: str, value: int, tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(f"account_id;followers_count\nx:1;{count}\n")
    workspace = headcount.open(tmp_path / "ws")
    workspace.add(path)
    assert claimed(tmp_path, "x:1") == value


@pytest.mark.parametrize("count", ["12.000", "1,2K", -1, 12.5, "many"])
def test_a_count_in_json_of_x_is_unknown_and_counted(count: object, tmp_path: Path) -> None:
    path = tmp_path / "u.jsonl"
    user = {"id": "7", "username": "m", "name": "M", "public_metrics": {"followers_count": count, "tweet_count": 9}}
    path.write_text(json.dumps(user))
    workspace = headcount.open(tmp_path / "ws")
    imported = workspace.add(path)
    assert "Counts that are not integers from 0 were treated as unknown: 1." in imported.notes
    assert claimed(tmp_path, "x:7") is None
