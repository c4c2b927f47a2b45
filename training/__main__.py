"""`python -m training train` writes the score card; `python -m training evaluate` prints and writes the tables."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from headcount.measures.followers.authenticity import authenticity
from headcount.measures.followers.scorecard import ScoreCard
from training.card import choose_ridge, families, make_card
from training.evaluate import Fold, folds
from training.metrics import auc
from training.sets import EITHER, LabelledSet, data_folder, load, unlabelled

CARD = Path(__file__).resolve().parents[1] / "src" / "headcount" / "models" / "authenticity.json"

_ABOUT = {
    "cresci2015": "genuine Italian accounts and followers bought from one vendor, X, 2012-2013 (Cresci et al. 2015)",
    "botometer2019": "verified people and self-declared bots, X, 2019 (Yang et al. 2019, 2020)",
    "kaggle_bots2017": "people, many of them celebrities, and bots of several kinds, X, 2016-2017",
    "instafake": "genuine and fake accounts, Instagram, 2018 (Akyon & Kalfaoglu 2019)",
    "gilani2017 timelines": "people and automated accounts, X, 2016, looked at again in 2019 (Gilani et al. 2017)",
    "gilani2017 observed": "people and automated accounts, X, 2016 (Gilani et al. 2017)",
}


def train() -> None:
    """Choose the penalty, fit, and write the card."""
    sets = load(data_folder())
    ridge = choose_ridge(sets)
    judged = folds(sets)
    training: dict[str, object] = {
        "penalty": ridge,
        "left_out_in_turn": families(sets),
        "accounts_of": [2012, 2019],
        "sets": {fold.judged.set.name: _figures(fold) for fold in judged},
    }
    training["known_failures"] = _known_failures(judged, make_card(sets, ridge))
    card = make_card(sets, ridge, training)
    CARD.parent.mkdir(exist_ok=True)
    CARD.write_bytes(_readable(msgspec.json.encode(card)))
    print(f"{CARD.name}: {CARD.stat().st_size / 1000:,.0f} kB, penalty {ridge:g}, verdict from {card.verdict}")


def _figures(fold: Fold) -> dict[str, object]:
    """How a card that never saw the source of a set, with thresholds that never saw it, tells its accounts."""
    judged: LabelledSet = fold.judged.set
    fake, accused = fold.fake, fold.accused
    verified = judged.slices["verified"]
    return {
        "about": _ABOUT[judged.name],
        "labels": ["real", "bought", "automated", "bought or automated"][min(judged.target, EITHER)],
        "real": int((~fake).sum()),
        "other": int(fake.sum()),
        "real_accused": int(accused[~fake].sum()),
        "other_found": int(accused[fake].sum()),
        "verified": int(verified.sum()),
        "verified_accused": int(accused[verified].sum()),
        "auc_when_left_out": round(auc(fake, fold.judged.not_real), 3),
    }


def _known_failures(judged: list[Fold], card: ScoreCard) -> list[str]:
    """What the model does not do, in sentences with their figures."""
    followers, as_of, _ = unlabelled(data_folder())
    bought = authenticity(followers, as_of=as_of, card=card).bought >= card.verdict["bought"]
    recalls = [float(fold.accused[fold.fake].mean()) for fold in judged]
    writers = [auc(f.fake, f.judged.not_real) for f in judged if f.judged.set.family == "gilani2017"]
    return [
        f"Silent readers look like bought followers: from the profile alone {100 * bought.mean():.0f}% of "
        f"{len(followers):,} followers of news accounts would be called bought. So the verdict also takes a sign of "
        "the list, and bought followers who came one by one are not found.",
        "Most fakes are not called out: of the accounts of a source that it has not seen, the model finds "
        f"{100 * min(recalls):.0f}% to {100 * max(recalls):.0f}%.",
        f"Automated accounts that write like people are hardly told apart (AUC {min(writers):.2f} to "
        f"{max(writers):.2f}; 0.5 is chance).",
        "The newest accounts it was made from are of 2019, on X and Instagram; none is of Mastodon or Bluesky.",
        f"Before anything is known {100 * (1 - card.prior['real']):.0f} in 100 are taken not to be real, which nobody "
        "has measured; labels of your own followers correct it.",
    ]


def _readable(data: bytes) -> bytes:
    """Indented, with lists of numbers on one line each."""
    import re

    text = msgspec.json.format(data, indent=1).decode()
    return re.sub(r"\[\s+([^\[\]{}\"]*?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", text).encode() + b"\n"


def main(arguments: list[str]) -> int:
    """Run one of the two commands."""
    if arguments == ["train"]:
        train()
    elif arguments == ["evaluate"]:
        from training.evaluate import evaluate

        evaluate()
    else:
        print("use: python -m training train|evaluate", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
