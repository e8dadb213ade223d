"""Roles and what each may do, as the documents of the systems name permissions."""

from __future__ import annotations

from typing import Final, Literal, get_args

Role = Literal["admin", "analyst", "viewer"]
Permission = Literal[
    "REPORTS_VIEW",
    "PERSONAL_VIEW",
    "DATA_EXPORT",
    "ANALYTICS_VIEW",
    "METRICS_VIEW",
    "PIPELINE_VIEW",
    "PIPELINE_RUN",
    "AUDIT_VIEW",
    "USERS_MANAGE",
]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)

GRANTED: Final[dict[Role, frozenset[Permission]]] = {
    "admin": frozenset(PERMISSIONS),
    "analyst": frozenset(
        {"REPORTS_VIEW", "PERSONAL_VIEW", "DATA_EXPORT", "ANALYTICS_VIEW", "METRICS_VIEW", "PIPELINE_VIEW"}
    ),
    "viewer": frozenset({"REPORTS_VIEW"}),
}
