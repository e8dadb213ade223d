"""`sentinel verify` and `sentinel trace`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import click

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.domain.stores import declare, declared
from sentinel_pipeline.settings import data_folder, load_settings, object_store, store_named

if TYPE_CHECKING:
    from sentinel_pipeline.publishing.verification import Trace

SCHEME: Final = "s3://"
EDITION: Final = re.compile(r"(?P<root>s3://.+?)/(?P<edition>editions/[a-z]+/[\w-]+/r[1-9][0-9]*)")


@contextmanager
def edition_at(place: str) -> Iterator[Path]:
    """The folder of an edition; of one in another bucket than the data folder's a copy, which is gone afterwards."""
    data, own = data_folder(), object_store()
    declare(data, own)
    if not place.startswith(SCHEME):
        yield Path(place).absolute()
        return
    match = EDITION.fullmatch(place.rstrip("/"))
    if match is None:
        raise UsageError(f"{place} is no address of an edition; write s3://bucket/prefix/editions/daily/2026-01-05/r1")
    store = store_named(match["root"])
    if store == own:
        yield data / match["edition"]
        return
    with TemporaryDirectory(prefix="sentinel-edition-") as folder:
        copy = Path(folder).resolve()
        declare(copy, store)
        try:
            yield copy / match["edition"]
        except SentinelError as error:
            raise type(error)(str(error).replace(str(copy), store.url)) from None
        finally:
            declare(copy, None)


@click.command()
@click.argument("edition")
@click.option(
    "--public-key",
    type=click.Path(path_type=Path),
    help="Check with this key alone; left out: those of the data folder.",
)
def verify(edition: str, public_key: Path | None) -> None:
    """Checks a published edition: every checksum, the signature, and the chain of editions before it.

    EDITION is its folder, or its address in a bucket: s3://bucket/prefix/editions/daily/2026-01-05/r1.
    """
    from sentinel_pipeline.publishing.signing_keys import KEYS, kept_public_keys, public_keys
    from sentinel_pipeline.publishing.verification import verify as examine

    kept = data_folder() / KEYS
    with edition_at(edition) as folder:
        verdict = examine(folder, public_keys(public_key) if public_key else kept_public_keys(kept))
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
@click.argument("edition")
@click.argument("fact")
def trace(edition: str, fact: str) -> None:
    """Recomputes one published figure from the partitions it names.

    EDITION is its folder, or its address in a bucket: s3://bucket/prefix/editions/daily/2026-01-05/r1.
    """
    from sentinel_pipeline.orchestration.deployment import lake_of
    from sentinel_pipeline.publishing.verification import trace as recompute
    from sentinel_pipeline.requests.wanted import narrowing_of_edition

    with edition_at(edition) as place:
        beside = place.parents[3] if len(place.parents) > 3 else place
        settings = load_settings(beside if (beside / "lake").is_dir() else data_folder())
        is_elsewhere = declared(place) is not None and not place.is_relative_to(settings.data)
        lake = replace(lake_of(settings), root=beside / "lake") if is_elsewhere else lake_of(settings)
        traced = recompute(place, fact, lake, narrowing_of_edition(place, settings))
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
