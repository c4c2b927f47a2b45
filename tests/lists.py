"""Typed list facts, as tests write and compare them."""

from headcount.incoming import ListCoverage, complete_lists


def complete(followers=(), following=()):
    """The coverage of lists that were read to their end, by the ids of their accounts."""
    return (
        *(ListCoverage(account, "followers", "complete") for account in followers),
        *(ListCoverage(account, "following", "complete") for account in following),
    )


def complete_of(intake):
    """The accounts whose followers, and those whose followees, were read to their end."""
    return complete_lists(intake.lists, "followers"), complete_lists(intake.lists, "following")


def reasons_of(intake):
    """(list, state, reason) of every list, sorted."""
    return sorted((entry.list, entry.state, entry.reason) for entry in intake.lists)
