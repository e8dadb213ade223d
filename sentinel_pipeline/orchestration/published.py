"""Publishes an edition from what was rendered of it, and what the UI shows of it then."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.whole_files import replacing_folder
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.presenting import file_link
from sentinel_pipeline.publishing.assembly import ABOUT_FILES, FILE_ASSETS, draft_folder, edition_files, sole_assembler
from sentinel_pipeline.publishing.composition import compose
from sentinel_pipeline.publishing.editions import MANIFEST, Edition, edition_folder, publish
from sentinel_pipeline.publishing.request_words import request_entry
from sentinel_pipeline.publishing.scope import Scope, redaction_of
from sentinel_pipeline.publishing.withdrawal import require_kept


def publish_period(deployment: Deployment, period: Period) -> Edition:
    """Publishes what the lake holds rendered of a period."""
    settings, scope, lake = deployment.settings, deployment.scope_of(period), deployment.lake
    require_kept(edition_folder(settings.editions, period), period, lake)
    report = compose(scope, settings.organisation, period, settings.editions, lake)
    editions = settings.editions
    about = replacing_folder(draft_folder(editions, period, ABOUT_FILES))
    with sole_assembler(editions, period, *FILE_ASSETS), about as folder:
        files, rows, said = edition_files(report, kinds_of(deployment, scope), editions, folder, scope.narrowing)
        asked = request_entry(scope.narrowing, redaction_of(scope, period, lake) or str)
        return publish(editions, period, files, rows, said | asked)


def kinds_of(deployment: Deployment, scope: Scope) -> dict[str, str]:
    names = [name for name, _ in scope.sources]
    return {entry.name: entry.kind for entry in deployment.settings.sources if entry.name in names}


def edition_metadata(deployment: Deployment, published: Edition) -> dict[str, dg.MetadataValue]:
    """Its page in the portal, a link that downloads every file, documents first, and the charts in view."""
    data = deployment.settings.data
    names = sorted((*published.files, MANIFEST), key=lambda name: (name.startswith(("tables/", "charts/")), name))
    page = f"/{published.folder.relative_to(data).as_posix()}"
    below = f"/files{page}"
    images = [f"![{Path(name).stem}]({below}/{name})" for name in names if name.endswith(".png")]
    return {
        "edition": dg.MetadataValue.text(published.name),
        "is_new": dg.MetadataValue.bool(published.is_new),
        "page": dg.MetadataValue.url(page),
        **{re.sub(r"[./]", "_", name): file_link(data, published.folder / name) for name in names},
        "chart": dg.MetadataValue.md(images[0] if images else ""),
        "all_charts": dg.MetadataValue.md("\n\n".join(images)),
        "folder": dg.MetadataValue.path(str(published.folder)),
    }
