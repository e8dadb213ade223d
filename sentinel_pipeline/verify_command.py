"""`sentinel verify` and `sentinel trace`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.settings import data_folder, load_settings

if TYPE_CHECKING:
    from sentinel_pipeline.publishing.verification import Trace


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--public-key",
    type=click.Path(path_type=Path),
    help="Check with this key alone; left out: those of the data folder.",
)
def verify(folder: Path, public_key: Path | None) -> None:
    """Checks a published edition offline: every checksum, the signature, and the chain of editions before it."""
    from sentinel_pipeline.publishing.signing_keys import KEYS, kept_public_keys, public_keys
    from sentinel_pipeline.publishing.verification import verify as examine

    kept = data_folder() / KEYS
    verdict = examine(folder.absolute(), public_keys(public_key) if public_key else kept_public_keys(kept))
    for fault in verdict.faults:
        click.echo(f"sentinel: {fault}", err=True)
    if not verdict.is_signature_checked:
        click.echo(f"sentinel: signature not checked: {kept} holds no public key; name one: --public-key", err=True)
    files = counted(verdict.files, "file")
    faults = counted(len(verdict.faults), "fault")
    click.echo(f"{verdict.edition}: {files}, {faults}; {verdict.signature}; {verdict.chain}")
    if verdict.faults or not verdict.is_signature_checked:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("fact")
def trace(folder: Path, fact: str) -> None:
    """Recomputes one published figure from the partitions it names."""
    from sentinel_pipeline.orchestration.deployment import lake_of
    from sentinel_pipeline.publishing.verification import trace as recompute
    from sentinel_pipeline.requests.wanted import narrowing_of_edition

    place = folder.absolute()
    beside = place.parents[3] if len(place.parents) > 3 else place
    settings = load_settings(beside if (beside / "lake").is_dir() else data_folder())
    traced = recompute(place, fact, lake_of(settings), narrowing_of_edition(place, settings))
    zone = settings.zone
    for asset, partition, version in traced.inputs:
        fate = _fate(traced, (asset, partition, version), zone)
        click.echo(f"{asset} {partition} {version[:16]}{f'  ({fate})' if fate else ''}")
    click.echo(f"published {json.dumps(traced.published)}, recomputed {json.dumps(traced.recomputed)}")
    if not traced.is_confirmed:
        raise SentinelError(f"{fact} is not confirmed: {_why(traced)}")
    click.echo(f"{fact} is confirmed by {counted(len(traced.inputs), 'partition')}")


def _fate(traced: Trace, named: tuple[str, str, str], zone: ZoneInfo) -> str:
    """What became of an input of a figure, in words; nothing when it lies there and what it was made from too."""
    from sentinel_pipeline.publishing.withdrawal import deleted_on

    day = named[1]
    if named in traced.lost:
        return deleted_on(traced.deleted[day], zone) if day in traced.deleted else "this version is gone"
    return f"its facts were {deleted_on(traced.uncovered[day], zone)}" if day in traced.uncovered else ""


def _why(traced: Trace) -> str:
    lost = len(traced.lost)
    if not lost:
        return "the partitions give another value"
    gone = f"{lost} of its {counted(len(traced.inputs), 'partition')} {'is' if lost == 1 else 'are'} gone"
    by_retention = sum(day in traced.deleted for _, day, _ in traced.lost)
    return f"{gone}, {by_retention:,} of them deleted by retention" if by_retention else gone
