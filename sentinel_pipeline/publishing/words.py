"""What happened, in sentences made from the same figures as the tables."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sentinel_pipeline.domain.amounts import counted, was_or_were
from sentinel_pipeline.domain.period import BEFORE, NOUN, Period
from sentinel_pipeline.rendering.quantities import separated, signed
from sentinel_pipeline.rendering.report import KeyFigure
from sentinel_pipeline.rendering.values import bare, written_change, written_figure
from sentinel_pipeline.sections.findings import listed
from sentinel_pipeline.sections.trends import SEEN

COMPLETE = (*SEEN, "not in source")
OPEN_MATTERS = (
    ("alerts_unacknowledged", "critical or high alert", "not acknowledged by anybody"),
    ("unblocked_violations", "policy violation", "not blocked"),
    ("unacknowledged_rule_events", "rule event", "not acknowledged"),
    ("machines_silent", "machine", "silent"),
    ("nonce_reuses", "reused nonce", "in the fleet's encryption"),
)
SERIOUS = (
    ("alerts_critical", "critical alert"),
    ("critical_incidents", "critical incident"),
    ("unacknowledged_rule_events", "open rule event"),
    ("widget_log_errors", "fleet error"),
)
TOTALS = (
    ("total_alerts", "alert"),
    ("total_incidents", "incident"),
    ("total_rule_events", "rule event"),
    ("total_connections", "connection"),
)
MOST_IN_SHORT = 3


def in_short(figures: Sequence[KeyFigure], findings: Sequence[str] = ()) -> str:
    """What matters most, short enough for a subject line: '3 critical alerts (+2), 14 open rule events (±0)'.

    Where no figure says it, as in a report of single devices, the first finding does.
    """
    by_id = {figure.id: figure for figure in figures}
    serious = [_numbered(by_id[id_], noun) for id_, noun in SERIOUS if id_ in by_id and by_id[id_].value]
    if serious:
        return ", ".join(serious[:MOST_IN_SHORT])
    totals = [_numbered(by_id[id_], noun) for id_, noun in TOTALS if id_ in by_id and by_id[id_].value]
    is_known = any(id_ in by_id and by_id[id_].value == 0 for id_, _ in SERIOUS)
    opening = ["nothing critical"] if is_known else []
    kwh = by_id.get("energy_kwh")
    energy = [f"{written_figure(kwh)} of energy"] if kwh and kwh.value else []
    said = ", ".join([*opening, *(totals or energy)][:MOST_IN_SHORT])
    return said or next(iter(findings), "nothing to tell")


def _numbered(figure: KeyFigure, noun: str) -> str:
    bound = "at least " if figure.is_lower_bound else ""
    change = figure.change if isinstance(figure.value, int) else None
    said = "" if change is None else f" ({signed(change, separated(change))})"
    return f"{bound}{counted(int(figure.value or 0), noun)}{said}"


def headline(figures: Sequence[KeyFigure], period: Period, missing: str = "", findings: Sequence[str] = ()) -> str:
    """The bottom line: state of the period in one sentence, and in what way it may be too low.

    Where no figure says it, as in a report of single devices, the first finding does.
    """
    by_id = {figure.id: figure for figure in figures}
    parts = []
    for total, worst in (("total_alerts", "alerts_critical"), ("total_incidents", "critical_incidents")):
        if total in by_id:
            parts.append(_state(by_id[total], by_id.get(worst)))
    if "total_rule_events" in by_id:
        parts.append(_fired(by_id["total_rule_events"], by_id["unacknowledged_rule_events"]))
    if not parts and "total_connections" in by_id:
        parts.append(f"{_number(by_id['total_connections'])} connections")
    if "total_widget_logs" in by_id:
        parts.append(_fleet(by_id["total_widget_logs"], by_id["widget_log_errors"]))
    if not parts and "energy_kwh" in by_id and (by_id["energy_kwh"].value is not None or not findings):
        parts.append(f"{written_figure(by_id['energy_kwh'])} of energy used")
    text = listed(parts) or next(iter(findings), f"Nothing is measured in this {NOUN[period.cadence]}")
    return f"{text[0].upper()}{text[1:]}{f', of what could be seen: {missing}' if missing else ''}."


def narrative(
    figures: Sequence[KeyFigure], findings: Sequence[str], completeness_words: str, period: Period
) -> tuple[str, ...]:
    """Three short paragraphs: what changed most, what the sections found, what somebody should look at."""
    return tuple(
        paragraph
        for paragraph in (
            biggest_change(figures, period),
            ". ".join(findings) + "." if findings else "",
            needs_you(figures),
            completeness_words,
        )
        if paragraph
    )


def biggest_change(figures: Sequence[KeyFigure], period: Period) -> str:
    """The figure that moved most against the period before, and whether that is good."""
    compared = [figure for figure in figures if figure.change_percent is not None and figure.unit != "bytes"]
    if not compared:
        return (
            f"There is no complete data of {BEFORE[period.cadence]} to compare with." if _all_unknown(figures) else ""
        )
    moved = sorted(compared, key=lambda figure: (-abs(figure.change_percent or 0), figure.id))
    top = [figure for figure in moved[:3] if figure.change_percent]
    # Too small for a percentage is not unchanged.
    few = [figure for figure in figures if _is_other(figure) and figure.unit != "bytes"][:3]
    if not top and not few:
        return f"Nothing changed against {BEFORE[period.cadence]}."
    said = "; ".join(
        f"{figure.label.lower()} {written_figure(bare(figure))}, {written_change(figure)}" for figure in top or few
    )
    return f"Against {BEFORE[period.cadence]} {'these moved most' if top else 'little moved'}: {said}."


def _is_other(figure: KeyFigure) -> bool:
    return figure.value is not None and figure.previous is not None and figure.value != figure.previous


def needs_you(figures: Sequence[KeyFigure]) -> str:
    """What waits for somebody's decision, in a sentence; empty when nothing does."""
    waiting = open_matters(figures)
    return f"Needs a look: {'; '.join(waiting)}." if waiting else ""


def open_matters(figures: Sequence[KeyFigure]) -> list[str]:
    """Each matter that waits for somebody, with its number."""
    by_id = {figure.id: figure for figure in figures}
    return [
        f"{counted(value, noun)} {state}"
        for id_, noun, state in OPEN_MATTERS
        if id_ in by_id and isinstance(value := by_id[id_].value, int) and value > 0
    ]


def shortfall(table: pl.DataFrame) -> str:
    """In a few words why figures may be too low; nothing when all was seen. `table` is data_completeness."""
    if table.filter(~pl.col("status").is_in(COMPLETE)).height:
        return "not every source was read"
    partial = table.filter(pl.col("status") == "partial")["source"].unique().sort().to_list()
    return f"not everything of {listed(partial)} could be read" if partial else ""


def completeness_words(table: pl.DataFrame) -> str:
    """One sentence on how much could be seen. `table` is data_completeness."""
    troubled = table.filter(~pl.col("status").is_in(COMPLETE) | (pl.col("status") == "partial"))
    bad = int(table["quarantined"].sum() or 0)
    kept = (
        f"{counted(bad, 'record')} in them {was_or_were(bad)} set aside, for repeating another or being unreadable"
        " in part; those without a usable time are counted in every edition."
    )
    if troubled.is_empty():
        return f"Every source was read for the whole period. {kept if bad else 'No record was set aside.'}"
    said = [
        f"{row['source']}: {row['table']} {row['status']}{' – ' + row['reason'] if row['reason'] else ''}"
        for row in troubled.unique(["source", "status", "reason"], keep="first", maintain_order=True).iter_rows(
            named=True
        )
    ]
    return f"Not everything could be seen. {'; '.join(said)}. {kept if bad else ''}".strip()


def _fired(total: KeyFigure, open_ones: KeyFigure) -> str:
    if total.value is None:
        return "rule events unknown (no data)"
    if total.value == 0:
        return "no rule events"
    noun = "rule event" if total.value == 1 else "rule events"
    return f"{_number(total)} {noun} ({_number(open_ones)} not acknowledged)"


def _state(total: KeyFigure, worst: KeyFigure | None) -> str:
    if total.value is None:
        return f"{total.unit} unknown (no data)"
    if total.value == 0:
        return f"no {total.unit}"
    unit = total.unit.removesuffix("s") if total.value == 1 else total.unit
    many = f"{_number(total)} {unit}"
    if worst is None:  # a report of other severities
        return many
    return f"{many} (none critical)" if worst.value == 0 else f"{many} ({_number(worst)} critical)"


def _fleet(logs: KeyFigure, errors: KeyFigure) -> str:
    if logs.value is None:
        return "fleet logs unknown (no data)"
    if logs.value == 0:
        return "no fleet logs"
    noun = "fleet log" if logs.value == 1 else "fleet logs"
    return (
        f"{_number(logs)} {noun} ({_number(errors) if errors.value else 'no'} error{'' if errors.value == 1 else 's'})"
    )


def _number(figure: KeyFigure) -> str:
    bound = "at least " if figure.is_lower_bound else ""
    return f"{bound}{figure.value:,}" if isinstance(figure.value, int | float) else "–"


def _all_unknown(figures: Sequence[KeyFigure]) -> bool:
    return all(figure.previous is None for figure in figures)
