"""The comparison with other libraries runs and its results agree; its times are looked at by people."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def test_kernels_beside_other_libraries():
    command = [sys.executable, "-m", "benchmarks.kernels", "--edges", "20000", "--threads", "1"]
    command += ["--tasks", "build", "mutual edges", "dense block planted", "--only", "heap", "scipy"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    said = done.stdout.replace(" of the density", "")
    lines = re.findall(r"^(build|mutual edges|dense block planted) +(\w+) .* (\S+)$", said, re.MULTILINE)
    assert {(task, library) for task, library, _ in lines} == {
        ("build", "ours"), ("build", "scipy"), ("mutual edges", "ours"), ("mutual edges", "scipy"),
        ("dense block planted", "ours"), ("dense block planted", "heap"),
    }  # fmt: skip
    for _, library, apart in lines:
        assert apart == "-" if library == "ours" else float(apart) == 0
    assert "failed" not in done.stdout
