"""Files and folders appear whole or not at all, and never through a symbolic link."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import headcount as hc
from headcount.errors import UsageError
from headcount.network.inputs import find_inputs
from headcount.support.output import new_file, new_folder, new_text


class Stop(Exception):
    pass


def write_half(opened):
    with opened as target:
        (target / "a").write_text("a") if isinstance(target, Path) else target.write("half")
        raise Stop


def test_a_file_appears_at_the_end_only(tmp_path):
    target = tmp_path / "deep" / "page.html"
    with new_text(target) as file:
        file.write("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    with pytest.raises(Stop):
        write_half(new_text(target))
    assert target.read_text() == "whole"
    assert [path.name for path in target.parent.iterdir()] == ["page.html"]


def test_a_name_that_ends_in_gz_is_compressed(tmp_path):
    with new_text(tmp_path / "a.csv.gz", newline="") as file:
        file.write("a,b\r\n")
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == b"a,b\r\n"


def test_nothing_is_written_through_a_symbolic_link(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("keep")
    (tmp_path / "link").symlink_to(precious)
    with pytest.raises(UsageError, match="symbolic link"), new_text(tmp_path / "link"):
        pass
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "accounts.csv").symlink_to(precious)
    with pytest.raises(UsageError, match="symbolic link"), new_folder(folder) as part:
        (part / "accounts.csv").write_text("gone")
    assert precious.read_text() == "keep"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "out", "precious"]


def test_a_folder_appears_with_all_of_its_files(tmp_path):
    target = tmp_path / "out"
    with pytest.raises(Stop):
        write_half(new_folder(target))
    assert not list(tmp_path.iterdir())
    with new_folder(target) as part:
        (part / "a").write_text("a")
        (part / "b").write_text("b")
        assert not target.exists()
    (target / "mine").write_text("mine")
    with new_folder(target) as part:
        (part / "a").write_text("new")
    assert {path.name: path.read_text() for path in target.iterdir()} == {"a": "new", "b": "b", "mine": "mine"}


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from headcount.support.output import new_text\n"
        "with new_text(Path(sys.argv[1])) as file:\n file.write('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    target = tmp_path / "page[1].html"
    subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert not target.exists()
    assert len(list(tmp_path.iterdir())) == 1
    with new_text(target) as file:
        file.write("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["page[1].html"]


def test_what_another_running_process_writes_is_left_alone(tmp_path):
    other = tmp_path / f".page.html.{os.getppid()}.part"
    other.write_text("theirs")
    with new_file(tmp_path / "page.html") as part:
        part.write_text("ours")
    assert other.exists()


def test_the_copies_of_a_network_are_written_through_no_link_and_appear_whole(tmp_path):
    """Follows that are gone are left out of a copy, of Parquet and of text; a workspace's tables are written too."""
    follows = tmp_path / "data" / "follows.csv"
    follows.parent.mkdir()
    follows.write_text("follower_id,followee_id,gone_at\na,b,\nc,b,2026-01-01T00:00:00Z\nd,b,\n", encoding="utf-8")
    duckdb.sql(f"COPY (FROM read_csv('{follows}')) TO '{tmp_path / 'follows.parquet'}' (FORMAT parquet)")
    workspace = hc.open(tmp_path / "ws")
    workspace.add(follows)
    for data in (follows, tmp_path / "follows.parquet", workspace.folder):
        out = tmp_path / f"out-{data.name}"
        find_inputs(data, out=out)
        written = out / "tables" / "follows.parquet"
        assert duckdb.sql(f"FROM '{written}'").fetchall()
        assert not [path for path in written.parent.iterdir() if path.name.endswith(".part")]
        victim = tmp_path / f"victim-{data.name}"
        victim.write_text("precious")
        written.unlink()
        written.symlink_to(victim)
        with pytest.raises(UsageError, match="symbolic link"):
            find_inputs(data, out=out)
        assert victim.read_text() == "precious"
