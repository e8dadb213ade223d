"""Assets of what was delivered: their rows are receipts, the ledger remembers what they only show."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from time import sleep
from typing import TYPE_CHECKING

import dagster as dg

from sentinel_pipeline.domain.period import CADENCES, Period
from sentinel_pipeline.orchestration.daily import OWNERS
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.partitions import partitions_of
from sentinel_pipeline.orchestration.presenting import Metadata
from sentinel_pipeline.orchestration.progress import say
from sentinel_pipeline.orchestration.retrying import patient, retry_if

if TYPE_CHECKING:
    from sentinel_pipeline.delivery.outbox import Receipts
    from sentinel_pipeline.delivery.subscriptions import Subscription

BACKFILL, TOLD_TO = "dagster/backfill", "sentinel/deliver"
# Names the only subscription that a run delivers to.
SUBSCRIPTION = "sentinel/subscription"
COLUMNS = ("subscription", "recipient", "state", "attempts", "channel", "provider_id", "error")


def deliveries_key(cadence: str) -> dg.AssetKey:
    return dg.AssetKey([cadence, "deliveries"])


def delivery_assets(deployment: Deployment) -> list[dg.AssetsDefinition]:
    """One for each cadence; in a group of their own, so that whoever makes editions delivers only when told."""
    return [delivery_asset(deployment, cadence) for cadence in CADENCES]


def delivery_asset(deployment: Deployment, cadence: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=deliveries_key(cadence),
        deps=[dg.AssetKey([cadence, "edition"])],
        partitions_def=partitions_of(cadence, deployment.settings),
        output_required=False,
        group_name="deliveries",
        kinds={"email"},
        owners=OWNERS,
        tags={"layer": "delivery"},
        description=(
            f"Receipts of the {cadence} report: who was sent it, each once. A backfill delivers only with the tag"
            f" {TOLD_TO}: yes."
        ),
    )
    @patient
    def receipts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        if is_held_back(context.run.tags):
            context.log.info(f"not delivered: a backfill delivers only with the tag {TOLD_TO}: yes")
            return
        period = deployment.period(cadence, context.partition_key)
        made = delivered(deployment, period, context.run.tags.get(SUBSCRIPTION))
        metadata = receipts_metadata(made)
        failures = undelivered(made)
        if failures:
            said = "; ".join(failures[:10])
            retry_if(context, said, may_pass=not made.problems and any(d.state == "planned" for d in made.deliveries))
            raise dg.Failure(said, metadata=metadata, allow_retries=False)
        yield dg.MaterializeResult(metadata=metadata)

    return receipts


def is_held_back(tags: Mapping[str, str]) -> bool:
    """Whether a run is part of a backfill that was not told to deliver."""
    return BACKFILL in tags and tags.get(TOLD_TO) != "yes"


def delivered(
    deployment: Deployment, period: Period, name: str | None = None, *, is_correction: bool = False
) -> "Receipts":
    """Delivers what is not delivered yet: to the subscription of that name, else to all without times of their own.

    A correction goes to every subscription, but only to those whom an earlier revision was meant for.
    """
    from sentinel_pipeline.delivery.delivering import counts, deliver_period
    from sentinel_pipeline.delivery.outbox import Order

    order = Order(doubt=deployment.settings.delivery.uncertain, is_correction=is_correction)

    def is_meant(one: "Subscription") -> bool:
        return is_correction or (one.times is None if name is None else one.name == name)

    made = deliver_period(deployment.settings, period, order, lambda: datetime.now(UTC), sleep, is_meant)
    say(f"{made.edition}: {counts(made)}")
    return made


def receipts_metadata(receipts: "Receipts") -> Metadata:
    """The receipts as a table; addresses are shortened, for Dagster's history is read and kept by others."""
    records = [
        dg.TableRecord(
            {
                "subscription": row.subscription,
                "recipient": shortened(row.recipient),
                "state": row.state,
                "attempts": row.attempts,
                "channel": row.channel,
                "provider_id": row.provider_id or "",
                "error": (row.error or "").replace(row.recipient, shortened(row.recipient)),
            }
        )
        for row in receipts.deliveries
    ]
    return {
        "edition": dg.MetadataValue.text(receipts.edition),
        "sent": dg.MetadataValue.int(sum(row.state == "sent" for row in receipts.deliveries)),
        "deliveries": dg.MetadataValue.int(len(receipts.deliveries)),
        "receipts": dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in COLUMNS])),
        "withheld": dg.MetadataValue.text("\n".join(receipts.withheld)),
    }


def undelivered(receipts: "Receipts") -> tuple[str, ...]:
    """A line for each problem and each mail that was not sent, addresses shortened."""
    addresses = [row.recipient for row in receipts.deliveries if row.state != "sent"]
    lines = receipts.undelivered
    for address in addresses:
        lines = tuple(line.replace(address, shortened(address)) for line in lines)
    return (*receipts.problems, *lines)


def shortened(address: str) -> str:
    """`a…@house.example`: enough to know whom among colleagues."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
