"""`headcount demo`: a simulated platform goes through the same doors as real data, with the truth beside the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from headcount.follower_list import FollowerList
from headcount.output import new_text
from headcount.workspace import Workspace

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


def run_demo(folder: Path, *, seed: int = 1, say: Callable[[str], object] = print) -> DemoOutcome:
    """Simulate, import, measure, and write one HTML report an account.

    Args:
        folder: gets `tables/`, `workspace/` and the reports; a workspace of an earlier demo there is replaced.
        seed: of the world.
        say: told what is being done.
    """
    import shutil

    from headcount.report.build import build_report
    from headcount.report.html import render_html
    from headcount.simulate import CAST, demo_world

    say("Simulating a small platform …")
    world = demo_world(seed=seed)
    tables = world.write(folder / "tables")
    say(f"{len(world.people):,} accounts, {len(world.follows):,} follows, {len(world.interactions):,} interactions.")
    say("Importing them as tidy tables …")
    shutil.rmtree(folder / "workspace", ignore_errors=True)
    workspace = Workspace(folder / "workspace")
    workspace.add(
        tables, whole_lists=True
    )  # the simulated lists are complete; the counters also count removed accounts
    say("Measuring the five accounts …")
    measured = {member.handle: workspace.measure(member.handle) for member in CAST}
    truth = {row.handle: row.responders_after for row in world.truth}
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
        if member.handle == MAIN:
            findings = report.findings[:2]
    return DemoOutcome(members, findings, str(folder / f"{MAIN}.html"), str(folder / "workspace"))
