"""Families of worlds on which the coverage of an interval for new responders is judged.

Each world is one account: times of posts, the list of followers, responses, and what happens over as many further
posts. There are no texts and no platform; a family is a mechanism, such as growth, churn or viral posts.
"""

from __future__ import annotations

from headcount.simulate.families.interest import LAWS, Interest
from headcount.simulate.families.registry import FAMILIES, Family, draw_settings, draw_world
from headcount.simulate.families.settings import AudienceSettings
from headcount.simulate.families.simulation import simulate_audience
from headcount.simulate.families.world import AudienceWorld, KnownTimes

__all__ = [
    "FAMILIES",
    "LAWS",
    "AudienceSettings",
    "AudienceWorld",
    "Family",
    "Interest",
    "KnownTimes",
    "draw_settings",
    "draw_world",
    "simulate_audience",
]
