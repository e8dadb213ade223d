"""Figures of audit trails, and of what was set aside."""

from __future__ import annotations

from sentinel_pipeline.sections import measures
from sentinel_pipeline.sections.figure import Figure
from sentinel_pipeline.sections.measures import summed

FIGURES = (
    Figure(
        "quarantined_records",
        "Records set aside",
        "records",
        "Distinct records that repeat another or could not be read in full; they are kept, and counted once. One"
        " without a usable time belongs to no day and is counted in every edition.",
        "quarantine",
        ("quarantined",),
        measures.quarantined_records,
        good="down",
    ),
    Figure(
        "audit_events",
        "Audit events",
        "events",
        "Events in the audit trails of the sources.",
        "audit_events",
        ("audit_hours",),
        summed("audit_hours", "events"),
    ),
)
