"""`python -m headcount.simulate --people 100000 --follows 5000000 --seed 1 --folder world`."""

from __future__ import annotations

from pathlib import Path

import click

from headcount.simulate import WorldSettings, simulate
from headcount.support.terminal import echo


@click.command()
@click.option("--people", type=click.IntRange(1), default=20_000, show_default=True, help="Accounts.")
@click.option("--follows", type=click.IntRange(1), help="Approximate number of follows [default: 50 per account].")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Output folder of the tidy tables.")
@click.option("--format", "form", type=click.Choice(["parquet", "csv", "csv.gz", "jsonl"]), default="parquet")
def main(people: int, follows: int | None, seed: int, folder: Path, form: str) -> None:
    """Simulate a platform with known truth and write it as tidy tables."""
    world = simulate(WorldSettings(people=people, follows=follows or 50 * people), seed=seed)
    world.write(folder, format=form)
    echo(
        f"{len(world.people):,} accounts, {len(world.follows):,} follows, {len(world.posts):,} posts, "
        f"{len(world.interactions):,} interactions: {folder}"
    )


main()
