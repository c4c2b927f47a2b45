"""`headcount demo`: a simulated platform goes through the same doors as real data, with the truth beside the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.measures.follower_list import FollowerList
from headcount.support.output import new_text
from headcount.support.progress import Steps
from headcount.workspace.workspace import Workspace

if TYPE_CHECKING:
    from headcount.analysis import Analysis

__all__ = ["DemoMember", "DemoOutcome", "run_demo"]

MAIN = "promoter"
BESIDE = "ana"


@dataclass(frozen=True)
class DemoMember:
    """One account of the cast: what the program says, and what is true.

    Attributes:
        handle, who: the account.
        followers: listed, None where unknown; follower_list: how completely.
        headcount, low, high: the program's answer, None with too little data.
        truth: distinct followers who responded in the window or will in as many posts again.
        report: file name of the HTML report.
    """

    handle: str
    who: str
    followers: int | None
    follower_list: FollowerList
    headcount: float | None
    low: float | None
    high: float | None
    truth: int
    report: str


@dataclass(frozen=True)
class DemoOutcome:
    """What the demo found.

    Attributes:
        cast: the five accounts.
        findings: sentences: the finding of the main report, and the comparison.
        report: path of the main HTML report; workspace: of the workspace.
    """

    cast: list[DemoMember]
    findings: list[str]
    report: str
    workspace: str


SIMULATE, IMPORT, MEASURE, WRITE = (
    "simulating a small platform",
    "importing its tables",
    "measuring the accounts",
    "writing the reports",
)
_EXPECTED = {SIMULATE: 7.0, IMPORT: 4.0, MEASURE: 7.0, WRITE: 1.5}
"""Seconds on two cores."""


def run_demo(folder: Path, *, seed: int = 1, quiet: bool = True) -> DemoOutcome:
    """Simulate, import, measure, and write one HTML report an account.

    Args:
        folder: gets `tables/`, `workspace/` and the reports; a workspace of an earlier demo there is replaced.
        seed: of the world.
        quiet: show no progress on standard error.
    """
    import shutil

    from headcount.simulate import CAST, demo_world

    steps = Steps(_EXPECTED, quiet=quiet)
    try:
        with steps.step(SIMULATE):
            world = demo_world(seed=seed)
            tables = world.write(folder / "tables")
        steps.say(
            f"{len(world.people):,} accounts, {len(world.follows):,} follows, {len(world.interactions):,} interactions."
        )
        with steps.step(IMPORT, len(world.follows), "follows"):
            shutil.rmtree(folder / "workspace", ignore_errors=True)
            workspace = Workspace(folder / "workspace")
            # the simulated lists are complete; the counters also count removed accounts
            workspace.add(tables, whole_lists=True)
        measured = {}
        with steps.step(MEASURE, len(CAST), "accounts") as tell:
            for number, member in enumerate(CAST, start=1):
                measured[member.handle] = workspace.measure(member.handle).compute_all()
                tell(number / len(CAST))
        truth = {row.handle: row.responders_after for row in world.truth}
        with steps.step(WRITE, len(CAST), "reports") as tell:
            return _write_reports(folder, measured, truth, tell)
    finally:
        steps.close()


def _write_reports(
    folder: Path, measured: Mapping[str, Analysis], truth: Mapping[str, int], tell: Callable[[float], None]
) -> DemoOutcome:
    from headcount.report.build import build_report
    from headcount.report.render.html import render_html
    from headcount.simulate import CAST

    members, findings = [], []
    for member in CAST:
        beside = [measured[BESIDE]] if member.handle == MAIN else []
        report = build_report(measured[member.handle], beside=beside)
        page = folder / f"{member.handle}.html"
        with new_text(page) as file:
            file.write(render_html(report))
        found = report.audience
        members.append(
            DemoMember(
                member.handle,
                member.who,
                report.followers.listed,
                report.followers.follower_list,
                found.headcount,
                found.low,
                found.high,
                truth[member.handle],
                page.name,
            )
        )
        tell(len(members) / len(CAST))
        if member.handle == MAIN:
            findings = report.findings[:2]
    return DemoOutcome(members, findings, str(folder / f"{MAIN}.html"), str(folder / "workspace"))
