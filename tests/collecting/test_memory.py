"""Memory stays flat while followers stream in, however many there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from tests.collecting.stub import PROJECT, running
from tests.collecting.world import MAIN, Sizes

MAX_MB = 300
GROWTH_MB = 12
"""Allowed between a quarter of the list and all of it."""
COLLECT = """
import json, sys
from pathlib import Path
from headcount.sources.collect.options import Options
from headcount.sources.collect.collecting import collect
from headcount.sources.handles import parse_target

def memory(name):
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(name))

curve = []
def show(step, done, total):
    if step == "followers" and done * 20 >= total * (len(curve) + 1):
        curve.append(memory("VmRSS:"))

collect(parse_target(sys.argv[1]), Path(sys.argv[2]), Options(sample=100), show=show)
print(json.dumps({"curve": curve, "peak": memory("VmHWM:")}))
"""
IMPORT = """
import json, sys
from pathlib import Path
import headcount as hc
from headcount.sources.collect.options import Options
imported = hc.open(sys.argv[2]).collect(sys.argv[1], Options(sample=100))
status = Path("/proc/self/status").read_text()
peak = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
print(json.dumps({"peak": peak, "follows": imported.added["follows"]}))
"""


def told(script, folder, server):
    """What a script, in a process of its own, says in JSON at its end."""
    environment = {**os.environ, **server.environment, "HEADCOUNT_SETTINGS": str(folder / "settings")}
    environment.pop("HEADCOUNT_BLUESKY_SESSION", None)
    command = [sys.executable, "-c", script, MAIN, str(folder / "ws")]
    started = time.monotonic()
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return json.loads(done.stdout.splitlines()[-1]) | {"seconds": time.monotonic() - started}


@pytest.mark.parametrize("followers", [20_000, *(pytest.param(n, marks=pytest.mark.long) for n in (50_000, 1_000_000))])
def test_memory_stays_flat_while_followers_stream_in(followers, tmp_path):
    with running(Sizes(followers, round(time.time()) * 1_000_000)) as server:
        collected = told(COLLECT, tmp_path, server)
        asked = server.count()
        imported = told(IMPORT, tmp_path, server)
        assert server.count() == asked, "what is there is taken in without asking"
    curve, peak = collected["curve"], collected["peak"]
    print(
        f"{followers:,} followers, {asked.total():,} requests in {collected['seconds']:.0f} s: {curve[4]:.0f} MB at a "
        f"quarter of the list, {curve[-1]:.0f} MB at its end, {peak:.0f} MB at most; the import after it: "
        f"{imported['seconds']:.0f} s, {imported['peak']:.0f} MB at most"
    )
    assert len(curve) >= 19, "the list was followed to its end (one in 97 has left)"
    assert asked.total() > followers / 100 + followers / 31
    assert peak < MAX_MB
    assert curve[-1] - curve[4] < GROWTH_MB, "what comes in is kept on disk, not in memory"
    assert imported["follows"] > 0.98 * followers
