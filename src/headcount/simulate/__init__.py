"""Platforms with known truth: what tests, benchmarks and the demo measure against."""

from __future__ import annotations

from headcount.simulate.big import big_account
from headcount.simulate.cast import CAST, CastMember
from headcount.simulate.records import AudienceTruth
from headcount.simulate.settings import ROLES, RoleSettings, WorldSettings
from headcount.simulate.single import SingleAccount, single_account
from headcount.simulate.world import World, demo_world, simulate

__all__ = [
    "CAST",
    "ROLES",
    "AudienceTruth",
    "CastMember",
    "RoleSettings",
    "SingleAccount",
    "World",
    "WorldSettings",
    "big_account",
    "demo_world",
    "simulate",
    "single_account",
]
