"""Subscriptions in force: those of `sentinel.yaml` and those kept in the ledger, understood and checked alike."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from sentinel_pipeline.delivery_entries import SubscriptionEntry
from sentinel_pipeline.domain.errors import SettingsError, UsageError
from sentinel_pipeline.publishing.scope import Scope, tell_severities
from sentinel_pipeline.sections import SECTIONS
from sentinel_pipeline.sections.figures import FIGURES
from sentinel_pipeline.settings import Settings
from sentinel_pipeline.sources.kinds import tables_given
from sentinel_pipeline.yaml_document import where

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.subscriptions import Subscription as Row

COMPARISON = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(<=|>=|==|!=|<|>)\s*(-?[0-9.]+)\s*")
COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
KEYED = ("devices", "pseudonyms")
Facts = Mapping[str, float | str | None]


@dataclass(frozen=True)
class Condition:
    """What has to hold of a figure for a mail to go."""

    fact: str
    sign: str
    number: float

    def holds(self, facts: Facts) -> bool:
        """A figure that nobody can tell holds: silence would say that all is well."""
        value = facts.get(self.fact)
        return not isinstance(value, int | float) or COMPARED[self.sign](value, self.number)

    @property
    def words(self) -> str:
        return f"{self.fact} {self.sign} {self.number:g}"


@dataclass(frozen=True)
class Subscription:
    """Who gets the editions of a cadence, in which formats, how; no sections named means all.

    `times` is when (as cron writes it), None as soon as they are published. Sources, devices, severities, measures of
    redaction, none named meaning all and nothing hidden, make it a subscription to a report of its own.
    """

    name: str
    cadence: str
    recipients: tuple[str, ...]
    formats: tuple[str, ...]
    sections: tuple[str, ...]
    channel: str
    is_linked: bool
    condition: Condition | None
    is_active: bool
    times: str | None = None
    sources: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    redaction: tuple[str, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        """Whether it wants less than the whole edition tells."""
        return bool(self.sources or self.devices or self.severities or self.redaction)


def subscriptions(settings: Settings) -> tuple[Subscription, ...]:
    """Those of the file. Raises SettingsError with a line for each that cannot be served."""
    made: list[Subscription] = []
    mistakes: list[str] = []
    for number, entry in enumerate(settings.subscriptions):
        try:
            made.append(understood(entry, settings))
        except UsageError as error:
            path = f"subscriptions[{number}].{str(error).partition(':')[0]}"
            mistakes.append(f"{settings.file}: subscriptions[{number}].{error}{where(settings.lines, path)}")
    if mistakes:
        raise SettingsError(mistakes)
    return tuple(made)


def kept_subscriptions(rows: list[Row], settings: Settings) -> tuple[tuple[Subscription, ...], tuple[str, ...]]:
    """Those of the ledger, and a line for each that cannot be served; a name that the file has is the file's.

    Those of a user who may have no reports any more are not in force.
    """
    made: list[Subscription] = []
    problems: list[str] = []
    taken = {entry.name for entry in settings.subscriptions}
    for row in rows:
        try:
            if row.name in taken:
                raise UsageError(f"name: found '{row.name}'; sentinel.yaml has a subscription of that name")
            entry = entry_of(row.entry)
            is_active = row.is_active and row.is_entitled
            made.append(understood(entry.model_copy(update={"active": is_active}), settings))
        except UsageError as error:
            problems.append(f"ledger: subscription '{row.name}': {str(error).splitlines()[0]}")
    return tuple(made), tuple(problems)


def entry_of(written: str | Mapping[str, object]) -> SubscriptionEntry:
    """An entry from JSON or from its keys. Raises SettingsError with a line for each mistake, its key first."""
    try:
        if isinstance(written, str):
            return SubscriptionEntry.model_validate_json(written)
        return SubscriptionEntry.model_validate(dict(written))
    except ValidationError as error:
        told = [(".".join(map(str, one["loc"])), str(one["msg"])) for one in error.errors()]
        lines = [f"{place or 'subscription'}: {said.removeprefix('Value error, ')}" for place, said in told]
        raise SettingsError(list(dict.fromkeys(lines))) from None


def understood(entry: SubscriptionEntry, settings: Settings) -> Subscription:
    """Raises UsageError, its line beginning with the key, for what cannot be served."""
    delivery = settings.delivery
    _require_narrowing(entry, settings)
    channel = entry.channel or delivery.channel
    if channel != "directory" and getattr(delivery, channel) is None:
        raise UsageError(f"channel: found '{channel}'; delivery.{channel} has to say how to reach it")
    if entry.enclose == "link" and delivery.base_url is None:
        raise UsageError("enclose: found 'link'; delivery.base_url has to say where links lead")
    return Subscription(
        name=entry.name,
        cadence=entry.cadence,
        recipients=entry.recipients.everybody,
        formats=tuple(dict.fromkeys(entry.formats)),
        sections=_sections(entry.sections or []),
        channel=channel,
        is_linked=entry.enclose == "link",
        condition=None if entry.only_if is None else condition(entry.only_if),
        is_active=entry.active,
        times=entry.schedule,
        sources=tuple(dict.fromkeys(entry.sources or ())),
        devices=tuple(dict.fromkeys(entry.devices or ())),
        severities=tuple(dict.fromkeys(entry.severities or ())),
        redaction=tuple(dict.fromkeys(entry.redaction or ())),
    )


def _require_narrowing(entry: SubscriptionEntry, settings: Settings) -> None:
    """Raises UsageError for a report of its own that could not be made, or not go the way that is wanted."""
    known = [source.name for source in settings.sources]
    for name in entry.sources or ():
        if name not in known:
            raise UsageError(f"sources: found '{name}'; allowed: {', '.join(known)}")
    for measure in entry.redaction or ():
        if measure in KEYED and settings.privacy_key is None:
            raise UsageError(f"redaction: found '{measure}'; privacy.key has to name the key of pseudonyms")
    _require_severities(entry, settings)
    if not (entry.sources or entry.devices or entry.severities or entry.redaction):
        return
    if entry.channel not in (None, settings.delivery.channel):
        raise UsageError(f"channel: found '{entry.channel}'; a report of its own goes by delivery.channel")
    if entry.enclose == "link":
        raise UsageError("enclose: found 'link'; a report of its own is attached")


def _require_severities(entry: SubscriptionEntry, settings: Settings) -> None:
    """Raises UsageError when nothing that the subscription wants has a severity."""
    read = [source for source in settings.sources if not entry.sources or source.name in entry.sources]
    scope = Scope(tables_given((source.name, source.kind) for source in read))
    names = [one.name for one in scope.sections_of(entry.cadence) if not entry.sections or one.name in entry.sections]
    if entry.severities and not tell_severities(names, tuple(entry.severities)):
        raise UsageError(f"severities: found {', '.join(entry.severities)}; none of its sections tells these apart")


def _sections(names: list[str]) -> tuple[str, ...]:
    known = [section.name for section in SECTIONS]
    for name in names:
        if name not in known:
            raise UsageError(f"sections: found '{name}'; allowed: {', '.join(known)}")
    return tuple(dict.fromkeys(names))


def condition(written: str) -> Condition:
    """`alerts_critical > 0` understood. Raises UsageError for a figure that there is not."""
    match = COMPARISON.fullmatch(written)
    if match is None:
        raise UsageError(f"only_if: found '{written}'; allowed: a figure, a comparison and a number")
    fact, sign, number = match.groups()
    if fact not in (known := [figure.id for figure in FIGURES]):
        raise UsageError(f"only_if: found '{fact}'; allowed: {', '.join(known)}")
    return Condition(fact, sign, float(number))
