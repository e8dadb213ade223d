"""The pages of what is published: all editions, one of them, one figure of it, its charts."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.domain.period import CADENCES, CUSTOM, Period
from sentinel_pipeline.lake.working_copy import fresh_below
from sentinel_pipeline.portal.downloads import file_response, published_file
from sentinel_pipeline.portal.edition_tables import Order, is_personal
from sentinel_pipeline.portal.edition_view import ON_CARDS, figure_view, file_views, input_views, section_views
from sentinel_pipeline.portal.ownership import own_request
from sentinel_pipeline.portal.pages import page
from sentinel_pipeline.portal.shelf import CONDITIONS, Wish, chosen, shelf
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.visitors import Reader, Visitor, require_permission, site_of
from sentinel_pipeline.publishing.editions import edition_folder, revisions
from sentinel_pipeline.rendering.edition_folder import Told, told
from sentinel_pipeline.rendering.parts import completeness
from sentinel_pipeline.rendering.restating import Restated, restated

router = APIRouter(include_in_schema=False)
PER_PAGE: Final = 25
ShortText = Annotated[str, Query(max_length=200)]


class NothingHereError(Exception):
    """There is no such edition, figure or chart; the message is for who asked."""


@router.get("/")
def start(_: Reader) -> Response:
    return RedirectResponse("/editions", 303)


@router.get("/editions")
def show_editions(
    request: Request,
    found: Reader,
    cadence: ShortText = "",
    condition: ShortText = "",
    text: ShortText = "",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    site, wish = site_of(request), Wish(cadence, condition, text)
    entries = chosen(shelf(site.editions, site.zone), wish)
    pages = max(1, -(-len(entries) // PER_PAGE))
    number = min(number, pages)
    return page(
        request,
        "editions.html",
        found,
        entries=entries[(number - 1) * PER_PAGE : number * PER_PAGE],
        told=counted(len(entries), "edition"),
        wish=wish,
        is_filtered=wish != Wish(),
        number=number,
        pages=pages,
        query=partial(_query, wish),
        cadences=CADENCES,
        conditions=CONDITIONS,
        figure_view=figure_view,
    )


def _query(wish: Wish, number: int) -> str:
    return urlencode({**{name: value for name, value in wish.__dict__.items() if value}, "page": number})


@router.get("/editions/{cadence}/{key}")
def show_newest(request: Request, found: Reader, cadence: str, key: str) -> Response:
    period, published = _published(site_of(request), found, cadence, key)
    return RedirectResponse(f"/editions/{period.cadence}/{period.key}/r{published[-1]}", 303)


@router.get("/editions/{cadence}/{key}/{revision}")
def show_edition(
    request: Request,
    found: Reader,
    cadence: str,
    key: str,
    revision: str,
    table: ShortText = "",
    by: ShortText = "",
    order: ShortText = "",
) -> Response:
    site = site_of(request)
    period, published = _published(site, found, cadence, key)
    folder = _folder(site, found, cadence, key, revision)
    try:
        said = told(folder)
    except SentinelError as error:
        name, reason = f"{cadence}/{key}/{revision}", _without_place(error, site)
        files = file_views(folder, name) if found.may("DATA_EXPORT") else []
        return page(request, "untold.html", found, period=period, name=name, reason=reason, files=files)
    figures = [figure_view(figure) for figure in said.figures]
    files = file_views(said.folder, said.name) if found.may("DATA_EXPORT") else []
    sections = section_views(said, found.may("PERSONAL_VIEW"), {table: Order(by, order == "down")}, files)
    return page(
        request,
        "edition.html",
        found,
        told=said,
        other_revisions=[number for number in published if number != said.revision],
        newest=published[-1],
        changes=_changes(said, published),
        conditions=CONDITIONS,
        seen=completeness(said),
        cards=figures[:ON_CARDS],
        figures=figures,
        topics=[(topic, list(members)) for topic, members in groupby(sections, key=lambda section: section.topic)],
        files=files,
        has_document=found.may("DATA_EXPORT") and (said.folder / "report.pdf").is_file(),
    )


@router.get("/editions/{cadence}/{key}/{revision}/figures/{name}")
def show_figure(request: Request, found: Reader, cadence: str, key: str, revision: str, name: str) -> Response:
    said = _told(site_of(request), found, cadence, key, revision)
    for figure in said.figures:
        if figure.id == name:
            inputs = input_views(figure.inputs)
            return page(request, "figure.html", found, told=said, figure=figure_view(figure), inputs=inputs)
    raise NothingHereError("This edition has no such figure.")


@router.get("/editions/{cadence}/{key}/{revision}/charts/{name}.png")
def show_chart(request: Request, found: Reader, cadence: str, key: str, revision: str, name: str) -> Response:
    site = site_of(request)
    folder = _folder(site, found, cadence, key, revision)
    path = f"editions/{cadence}/{key}/{revision}/charts/{name}.png"
    file = published_file(site.data, path)
    if file is None:
        raise NothingHereError("This edition has no such chart.")
    if is_personal(folder, name):
        require_permission(request, found, "PERSONAL_VIEW")
    return file_response(file, file.name, request.headers)


def _changes(said: Told, published: list[int]) -> tuple[int, tuple[Restated, ...]] | None:
    """The revision before and the figures it tells otherwise; None where there is none, or none that can be told."""
    earlier = [number for number in published if number < said.revision]
    try:
        before = told(said.folder.with_name(f"r{earlier[-1]}")) if earlier else None
    except SentinelError:
        return None
    if before is None:
        return None
    return before.revision, restated(before.figures, said.figures, before.completeness, said.completeness)


def _told(site: Site, found: Visitor, cadence: str, key: str, revision: str) -> Told:
    try:
        return told(_folder(site, found, cadence, key, revision))
    except SentinelError as error:
        raise NothingHereError(f"This edition cannot be shown: {_without_place(error, site)}") from None


def _without_place(error: SentinelError, site: Site) -> str:
    return str(error).replace(f"{site.editions}/", "")


def _folder(site: Site, found: Visitor, cadence: str, key: str, revision: str) -> Path:
    period, published = _published(site, found, cadence, key)
    if revision not in {f"r{number}" for number in published}:
        raise NothingHereError(f"The report of {period.words} has no such revision.")
    return fresh_below(edition_folder(site.editions, period) / revision)


def _published(site: Site, found: Visitor, cadence: str, key: str) -> tuple[Period, list[int]]:
    """The period and its revisions, oldest first; of what was made on request only to who asked for it, and admins."""
    if cadence not in (*CADENCES, CUSTOM):
        raise NothingHereError("There is no report of such a period.")
    try:
        period = Period.parse(cadence, key, site.zone)
    except UsageError:
        raise NothingHereError("There is no report of such a period.") from None
    if cadence == CUSTOM and own_request(site, found, key) is None:
        raise NothingHereError("You asked for no such report.")
    published = revisions(edition_folder(site.editions, period))
    if not published:
        raise NothingHereError(f"No {cadence} report of {period.words} was published.")
    return period, published
