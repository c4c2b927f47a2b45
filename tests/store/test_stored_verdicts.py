"""Stored verdicts: the same bytes as computed ones, read only as long as nothing that they depend on has changed."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

import headcount as hc
from headcount.cli.group import CLASS_CHOICES
from headcount.cli.main import main
from headcount.errors import UsageError
from headcount.report.rows import LARGEST_FIRST
from headcount.simulate import big_account
from headcount.store import verdicts
from headcount.store.labels import set_label
from headcount.store.store import Store
from headcount.workspace import workspace as workspace_module
from headcount.workspace.workspace import Workspace

DAY = datetime(2026, 10, 2, tzinfo=UTC)
PLANTED = "planted by a test"


def write_tables(folder: Path) -> Path:
    """The account x:ego with followers of every class, one who must not be named, and odd figures."""
    folder.mkdir()
    accounts = [
        {"account_id": "x:ego", "handle": "ego", "followers_count": 8, "following_count": 3, "posts_count": 9},
        {"account_id": "x:friend", "handle": "friend", "display_name": "=1+1", "followers_count": 10},
        {"account_id": "x:fan", "handle": "fan", "followers_count": 3, "created_at": "2020-02-29T23:59:59.999Z"},
        {"account_id": "x:near", "handle": "near", "last_post_at": "2026-09-20T01:02:03Z", "posts_count": 4},
        {"account_id": "x:far", "handle": "far", "last_post_at": "2024-01-01T00:00:00Z", "display_name": "Zoë 🙂"},
        {"account_id": "x:seller", "handle": "seller", "bio": "#teamfollowback f4f", "followers_count": 7000,
         "following_count": 8000, "posts_count": 900},
        {"account_id": "x:spammer", "handle": "spammer", "followers_count": 2},
        {"account_id": "x:gone", "handle": "gone", "status": "suspended"},
        {"account_id": "x:silent", "handle": "hidden-name", "opted_out": True, "followers_count": 5},
    ]  # fmt: skip
    names = [account["account_id"] for account in accounts[1:]] + ["x:only-an-id"]
    follows = [{"follower_id": name, "followee_id": "x:ego", "position": n} for n, name in enumerate(names)]
    follows[1]["followed_at"] = "2026-09-01T12:00:00.5Z"
    posts = [
        {"post_id": f"x:e{n}", "author_id": "x:ego", "created_at": f"2026-09-{n + 10}T10:00:00Z", "kind": "post"}
        for n in range(6)
    ]
    posts.append({"post_id": "x:old", "author_id": "x:ego", "created_at": "2026-01-10T10:00:00Z", "kind": "post"})
    posts += [
        {"post_id": f"x:s{n}", "author_id": "x:spammer", "created_at": "2026-09-01T00:00:00Z", "text": "Buy now",
         "kind": "post", "link_domains": ["shop.example"]} for n in range(30)
    ]  # fmt: skip
    interactions = [
        {"actor_id": "x:far", "target_id": "x:ego", "kind": "like", "post_id": "x:old",
         "created_at": "2026-01-11T00:00:00Z"},
        {"actor_id": "x:fan", "target_id": "x:ego", "kind": "like", "post_id": "x:e1",
         "created_at": "2026-09-12T00:00:00Z"},
        *({"actor_id": actor, "target_id": target, "kind": "reply", "post_id": "x:e2" if target == "x:ego" else None,
           "created_at": f"2026-09-{day}T00:00:00Z"}
          for day in (20, 21) for actor, target in (("x:friend", "x:ego"), ("x:ego", "x:friend"))),
    ]  # fmt: skip
    for table, rows in (("accounts", accounts), ("follows", follows), ("posts", posts), ("interactions", interactions)):
        lines = (
            json.dumps(row | ({"observed_at": "2026-10-01T00:00:00Z"} if table == "accounts" else {})) for row in rows
        )
        (folder / f"{table}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def write_names_only(folder: Path) -> Path:
    """A list whose completeness is unknown, without posts or responses."""
    folder.mkdir()
    (folder / "follows.csv").write_text("follower_id,followee_id\n" + "".join(f"x:{n},x:ego\n" for n in range(12)))
    return folder


WORLDS = {
    "every class": (write_tables, "ego"),
    "names only": (write_names_only, "x:ego"),
    "simulated": (lambda folder: big_account(folder, followers=400, interactions=4_000, posts=20, seed=5), "user0"),
}


@pytest.fixture
def ws(tmp_path) -> Workspace:
    workspace = hc.open(tmp_path / "ws")
    workspace.add(write_tables(tmp_path / "tables"), now=DAY)
    return workspace


def files(workspace: Workspace) -> list[Path]:
    return sorted((workspace.folder / verdicts.FOLDER_NAME).glob("*"))


def printed(arguments: list[str], workspace: Workspace, capsys) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([*arguments, "--workspace", str(workspace.folder)])
    return (code, *capsys.readouterr())


def computed(*_given, **_named):
    raise AssertionError("the verdicts were computed")


def plant(workspace: Workspace, account: str = "ego") -> None:
    """Store the verdicts, and change a reason in the file, with the right name for its content."""
    workspace.followers(account)
    (path,) = files(workspace)
    changed = path.with_name("changed.parquet")
    con = duckdb.connect()
    (facts,) = con.execute(f"SELECT decode(value) FROM parquet_kv_metadata('{path}')").fetchone()
    con.execute(
        f"COPY (SELECT * REPLACE ('{PLANTED}' AS reasons) FROM '{path}') TO '{changed}' "
        f"(FORMAT parquet, KV_METADATA {{headcount: '{facts}'}})"
    )
    content = hashlib.sha256(changed.read_bytes()).hexdigest()[:32]
    changed.replace(path.with_name(f"{path.name.rpartition('-')[0]}-{content}.parquet"))
    path.unlink()


def is_planted(workspace: Workspace, **how) -> bool:
    return workspace.followers("ego", **how)[0].reasons == PLANTED


# -- the same output ------------------------------------------------------------------------------------------


@pytest.mark.sampled(1)
@pytest.mark.parametrize("world", WORLDS)
def test_stored_and_computed_lists_are_equal_to_the_byte(world, tmp_path, capsys, monkeypatch):
    write, name = WORLDS[world]
    workspace = hc.open(tmp_path / "ws")
    workspace.add(write(tmp_path / "tables"), now=DAY)
    measured = workspace.measure(name)
    file = tmp_path / "out.csv"
    shapes = [[], ["--json"], ["--csv", "-"], ["--limit", "2"], ["--limit", "2", "--json"]]
    commands = [
        [*chosen, *shape] for chosen in ([], *(["--class", label] for label in CLASS_CHOICES)) for shape in shapes
    ]
    commands += [["--sort", sort, "--json", *limit] for sort in LARGEST_FIRST for limit in ([], ["--limit", "3"])]
    commands += [
        ["--class", "unknown", "--sort", "followers", "--json"],
        ["--select", "handle,reasons,list_state"],
        ["--select", "real,account_id", "--json"],
        ["--select", "real,account_id", "--csv", "-", "--limit", "3"],
        ["--csv", str(file)],
        ["--anonymous"],
        ["--anonymous", "--json", "--sort", "followers", "--limit", "3"],
        ["--silent"],
    ]
    expected = []
    with monkeypatch.context() as patch:
        patch.setattr(workspace_module, "stored_followers", lambda *_given, **_named: None)
        patch.setattr(workspace_module, "keep_verdicts", lambda *_given, **_named: None)
        patch.setattr(Workspace, "measure", lambda *_given, **_named: measured)
        for command in commands:
            expected.append(
                (printed(["followers", name, *command], workspace, capsys), file.exists() and file.read_bytes())
            )
    assert not files(workspace)
    rows = workspace.followers(name)
    assert len(files(workspace)) == 1
    file.unlink()
    monkeypatch.setattr(Workspace, "measure", computed)
    for command, (output, content) in zip(commands, expected, strict=True):
        assert printed(["followers", name, *command], workspace, capsys) == output, command
        assert (file.exists() and file.read_bytes()) == content
        assert output[0] == 0
    again = workspace.followers(name)
    assert (list(again), again.follower_list, again.total, again.gone) == (
        list(rows), rows.follower_list, rows.total, rows.gone,
    )  # fmt: skip
    if world == "every class":
        assert {row.label for row in again} == set(CLASS_CHOICES)
        assert {row.account_id for row in again if row.label == "unknown"} == {None, "x:only-an-id"}
        assert "hidden-name" not in repr([tuple(vars(row).values()) for row in again])
        assert again.gone == 1


def test_each_window_and_date_has_its_own_rows(ws):
    for how in ({"window_days": None}, {"as_of": "2026-09-13"}, {"as_of": "2026-09-22", "window_days": 5}):
        first = ws.followers("ego", **how)
        assert list(ws.followers("ego", **how)) == list(first) != list(ws.followers("ego"))
    with pytest.raises(UsageError, match="in the future"):
        ws.followers("ego", as_of="2999-01-01")


def test_a_list_that_is_unknown_is_refused_as_before(tmp_path, capsys):
    folder = tmp_path / "posts"
    folder.mkdir()
    (folder / "posts.csv").write_text("post_id,author_id,created_at\nx:p,x:ego,2026-01-01T00:00:00Z\n")
    workspace = hc.open(tmp_path / "ws")
    workspace.add(folder)
    code, _, err = printed(["followers", "x:ego"], workspace, capsys)
    assert code == 2
    assert "Hint: add a source with follows" in err
    assert not files(workspace)
    assert workspace.followers("x:ego").follower_list.listed is None


@pytest.mark.parametrize("wrong", [{"label": "fans"}, {"sort": "name"}, {"limit": 0}])
def test_a_selection_that_is_not_valid_is_refused(ws, wrong):
    for _ in range(2):  # computed, and stored
        with pytest.raises(UsageError, match="Hint"):
            ws.followers("ego", **wrong)
        ws.followers("ego")


def test_without_a_name_the_only_account_is_listed(tmp_path, monkeypatch):
    workspace = hc.open(tmp_path / "ws")
    workspace.add(write_names_only(tmp_path / "tables"))
    expected = list(workspace.followers())
    monkeypatch.setattr(Workspace, "measure", computed)
    assert list(workspace.followers()) == expected


# -- who writes, and when it counts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [["report", "ego", "--json"], ["authenticity", "ego", "--json"], ["followers", "ego", "--limit", "1"]]
)
def test_the_first_command_that_computes_verdicts_stores_them(ws, capsys, monkeypatch, command):
    assert printed(command, ws, capsys)[0] == 0
    assert len(files(ws)) == 1
    monkeypatch.setattr(Workspace, "measure", computed)
    assert len(ws.followers("ego")) == 9


def test_the_library_stores_them_too(ws):
    ws.ties("ego")
    ws.measure("ego")
    assert files(ws) == []
    ws.report("ego", anonymous=True)
    assert len(files(ws)) == 1
    assert ws.followers("ego")[0].handle == "friend", "an anonymous report stores the list with its names"


def test_the_file_is_read_and_nothing_is_computed(ws, capsys, monkeypatch):
    plant(ws)
    monkeypatch.setattr(Workspace, "measure", computed)
    assert is_planted(ws)
    assert PLANTED in printed(["followers", "ego", "--limit", "1"], ws, capsys)[1]


def test_an_import_makes_it_invalid(ws, tmp_path):
    plant(ws)
    more = tmp_path / "more"
    more.mkdir()
    (more / "accounts.csv").write_text("account_id,handle\nx:fan,renamed\n")
    ws.add(more, now=DAY)
    assert not is_planted(ws)
    assert "renamed" in [row.handle for row in ws.followers("ego")]
    assert len(files(ws)) == 1, "the file of the earlier state is removed"


def test_a_label_makes_it_invalid_and_so_does_its_removal(ws):
    plant(ws)
    for label, expected in (("spam", "spam"), ("bought", "auto_follow"), (None, "away")):
        ws.label("far", label, now=DAY)
        assert not is_planted(ws)
        assert {row.handle: row.label for row in ws.followers("ego")}["far"] == expected
    with Store(ws.folder, write=True) as store:  # of an account that does not follow
        set_label(store.connection, "x:ego", "person", DAY)
        state = verdicts.read_state(store.connection)
    assert not verdicts.has_verdicts(ws.folder, verdicts.VerdictKey("x:ego", state, 56.0, None))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("changed", ["models/authenticity.json", "measures/followers/rules.py", "report/rows.py"])
def test_another_model_or_other_rules_make_it_invalid(ws, tmp_path, monkeypatch, changed):
    plant(ws)
    package = tmp_path / "package"
    ignored = shutil.ignore_patterns("__pycache__", "static", "network", "sources")
    shutil.copytree(verdicts.PACKAGE, package, ignore=ignored)
    monkeypatch.setattr(verdicts, "PACKAGE", package)
    verdicts._code.cache_clear()
    try:
        assert is_planted(ws), "the same code at another place"
        with (package / changed).open("a") as file:
            file.write("\n")
        verdicts._code.cache_clear()
        assert not is_planted(ws)
    finally:
        verdicts._code.cache_clear()


def test_another_version_of_headcount_makes_it_invalid(ws, monkeypatch):
    plant(ws)
    monkeypatch.setattr(hc, "__version__", "99.0")
    verdicts._code.cache_clear()
    try:
        assert not is_planted(ws)
    finally:
        monkeypatch.undo()
        verdicts._code.cache_clear()


def test_another_database_in_the_same_folder_makes_it_invalid(ws, tmp_path):
    plant(ws)
    (ws.folder / "headcount.duckdb").unlink()
    ws.add(tmp_path / "tables")
    assert not is_planted(ws)


def test_a_new_file_replaces_those_of_the_same_account_only(ws, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "follows.csv").write_text("follower_id,followee_id\nx:1,x:other\nx:2,x:other\n")
    ws.add(tmp_path / "other", now=DAY)
    ws.followers("x:other")
    ws.followers("ego", window_days=None)
    (leftover,) = [path for path in files(ws) if path.name.startswith(verdicts._hash("x:ego"))]
    left = leftover.with_name(f"{leftover.name.rpartition('-')[0]}-99.part")
    left.write_bytes(b"of a process that was killed")
    ws.followers("ego")
    assert not leftover.exists()
    assert not left.exists()
    assert sorted(path.name[:32] for path in files(ws)) == sorted(map(verdicts._hash, ("x:ego", "x:other")))
    assert all("ego" not in path.name for path in files(ws))


# -- damage, and places that cannot be written to -------------------------------------------------------------


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def with_one_other_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def of_another_program(path: Path) -> None:
    """A Parquet file with the right name for its content, without the facts."""
    other = path.with_name("other.parquet")
    duckdb.execute(f"COPY (SELECT 1 AS label) TO '{other}' (FORMAT parquet)")
    content = hashlib.sha256(other.read_bytes()).hexdigest()[:32]
    other.replace(path.with_name(f"{path.name.rpartition('-')[0]}-{content}.parquet"))
    path.unlink()


def with_other_facts(path: Path) -> None:
    other = path.with_name("other.parquet")
    duckdb.execute(f"COPY (FROM '{path}') TO '{other}' (FORMAT parquet, KV_METADATA {{headcount: '[1]'}})")
    content = hashlib.sha256(other.read_bytes()).hexdigest()[:32]
    other.replace(path.with_name(f"{path.name.rpartition('-')[0]}-{content}.parquet"))
    path.unlink()


@pytest.mark.sampled(4)
@pytest.mark.parametrize("damage", [truncated, with_one_other_bit, emptied, of_another_program, with_other_facts])
def test_a_damaged_or_foreign_file_is_ignored_and_rewritten(ws, damage, monkeypatch):
    expected = list(ws.followers("ego"))
    (intact,) = files(ws)
    damage(intact)
    assert list(ws.followers("ego")) == expected
    assert [path.name for path in files(ws)] == [intact.name]
    monkeypatch.setattr(Workspace, "measure", computed)
    assert list(ws.followers("ego")) == expected


def read_only_folder(*_given, **_named):
    raise PermissionError(errno.EACCES, "Permission denied")


def full_disk(*_given):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_failure_to_write_is_no_failure(ws, capsys, monkeypatch):
    expected = printed(["followers", "ego", "--json"], ws, capsys)
    shutil.rmtree(ws.folder / verdicts.FOLDER_NAME)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full_disk)
        assert printed(["followers", "ego", "--json"], ws, capsys) == expected
    assert files(ws) == [], "nothing is left of the attempt"
    with monkeypatch.context() as patch:
        patch.setattr(verdicts, "_GROUP_ROWS", "none")  # DuckDB refuses to write
        assert printed(["followers", "ego", "--json"], ws, capsys) == expected
    assert files(ws) == []
    (ws.folder / verdicts.FOLDER_NAME).rmdir()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", read_only_folder)
        assert printed(["followers", "ego", "--json"], ws, capsys) == expected
    (ws.folder / verdicts.FOLDER_NAME).write_text("a file where the folder should be")
    assert printed(["followers", "ego", "--json"], ws, capsys) == expected


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["it's", "a[b]c", "what?", "star*"])
def test_folders_with_odd_names(tmp_path, name):
    """DuckDB reads some characters as patterns: there the list is computed each time."""
    workspace = hc.open(tmp_path / name)
    workspace.add(write_tables(tmp_path / "tables"), now=DAY)
    assert list(workspace.followers("ego")) == list(workspace.followers("ego"))
    assert bool(files(workspace)) == (name == "it's")


def test_others_cannot_read_the_folder(ws):
    ws.followers("ego")
    assert (ws.folder / verdicts.FOLDER_NAME).stat().st_mode & 0o077 == 0


def test_a_stored_list_is_printed_without_numpy_and_measures(ws):
    """They take longer to import than the first rows take to read."""
    ws.followers("ego")
    code = (
        "import sys; from headcount.cli.main import main; main(sys.argv[1:]); "
        "sys.exit(str([name for name in ('numpy', 'scipy', 'headcount.analysis', 'headcount.columns') "
        "if name in sys.modules]))"
    )
    for shape in ([], ["--json"]):
        command = ["followers", "ego", "--limit", "1", *shape, "--workspace", str(ws.folder)]
        done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True)
        assert "friend" in done.stdout
        assert done.stderr.splitlines()[-1] == "[]"
