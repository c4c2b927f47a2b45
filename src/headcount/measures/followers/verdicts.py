"""One verdict on each follower: its class in the funnel, a judgement of the account that agrees, and a probability.

Two measures look at a follower: `funnel` (what it does here, in one of eight classes) and `authenticity` (what kind of
account it is). Every face shows both through `verdicts`, so that they never contradict each other:

* *class*: the funnel's. It also knows ties, responses, closed circuits and the user's labels.
* *judgement*, one of `authenticity.CLASSES`:
  - auto_follow: bought where the user labelled it so, or the score card and the list indicate it, else auto_follow;
    spam: spam_bot;
  - labelled by the user: person is real, automated is automated;
  - not drawn in a sample and therefore unknown: unknown;
  - all others: by the score card and the account's own word (declared bot), without the rules that the funnel
    overruled. Where a follower responded and the card still finds a real account the less likely: undecided.
* *probability*: of being a real account rather than a bought or automated one, by the score card. It is shown where the
  judgement is real, undecided or automated, and a declared bot's where it agrees. It is left out (NaN) for auto-follow,
  spam and gone, which the card does not measure; where nothing is known; and where it would contradict what the user or
  the follower's responses say.

Counts are of the standing followers; with the gone ones they add up to the list.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from headcount.columns import Floats, Texts
from headcount.measures.followers.authenticity import Authenticity, card_labels
from headcount.measures.followers.funnel import CLASSES as FOLLOWER_CLASSES
from headcount.measures.followers.funnel import Funnel
from headcount.measures.followers.judgement import CODE, Labelled

__all__ = ["verdicts"]


def verdicts(found: Authenticity, funnel: Funnel, labelled: Labelled | None = None) -> Authenticity:
    """The judgement of every follower, brought together with its class in the funnel.

    Args:
        found: the judgement by `authenticity`.
        funnel: the classes of the same followers, in the same order.
        labelled: the labels that the user gave to some of them.
    """
    code = funnel.verdicts.label
    follower_class = np.array(FOLLOWER_CLASSES, dtype=object)[code]
    responded = np.isin(follower_class, ["relationship", "responding"])
    real = np.zeros(len(code), dtype=bool)
    if labelled is not None:
        real[labelled.row[~labelled.fake]] = True
    doubted = found.real < 0.5
    label = card_labels(found)
    label[responded & doubted & (label != CODE["declared_bot"])] = CODE["undecided"]
    label[(follower_class == "unknown") & (found.inputs.followers.sampled == 0)] = CODE["unknown"]
    label[real] = CODE["real"]
    automatic = follower_class == "auto_follow"
    label[automatic] = np.where(found.label[automatic] == CODE["bought"], CODE["bought"], CODE["auto_follow"])
    by_user = _labelled_as(labelled, len(code))
    label[by_user == "automated"] = CODE["automated"]
    label[automatic & (by_user == "bought")] = CODE["bought"]
    label[automatic & (by_user == "auto-follow")] = CODE["auto_follow"]
    label[follower_class == "spam"] = CODE["spam_bot"]
    measured = np.isin(label, [CODE[name] for name in ("real", "undecided", "automated")])
    measured |= (label == CODE["declared_bot"]) & doubted
    contradicted = (doubted & (responded | real)) | (~doubted & (by_user == "automated"))
    shown = measured & ~contradicted & (follower_class != "gone") & (found.level > 0)

    def only_shown(values: Floats) -> Floats:
        return np.where(shown, values, np.nan)

    return replace(
        found,
        label=label,
        real=only_shown(found.real),
        bought=only_shown(found.bought),
        automated=only_shown(found.automated),
        low=only_shown(found.low),
        high=only_shown(found.high),
        standing=follower_class != "gone",
        follower_class=follower_class,
        class_reasons=funnel.verdicts.reasons,
    )


def _labelled_as(labelled: Labelled | None, count: int) -> Texts:
    """The user's label of each follower; None where there is none."""
    by_user: Texts = np.full(count, None, dtype=object)
    if labelled is not None and labelled.said:
        by_user[labelled.row] = labelled.said
    return by_user
