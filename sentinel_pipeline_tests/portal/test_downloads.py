import os
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from sentinel_pipeline.domain.stores import Store
from sentinel_pipeline.lake.objects import Objects
from sentinel_pipeline.portal.downloads import file_response, published_file
from sentinel_pipeline_tests.s3 import copy_at

EDITION = "editions/daily/2025-01-01/r1"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    for name in (f"{EDITION}/report.pdf", f"{EDITION}/tables/top talkers ü.csv", "exports/a.xlsx", "keys/signing.key"):
        file = data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    (data / "editions/daily/2025-01-01/.lock").touch()
    (data / "editions/daily/2025-01-01/.staging-x").mkdir()
    (data / "editions/daily/2025-01-01/.staging-x/report.pdf").touch()
    (data / "editions-old").mkdir()
    (data / "editions-old/report.pdf").touch()
    os.mkfifo(data / "exports/pipe")
    return data


@pytest.mark.parametrize("path", [f"{EDITION}/report.pdf", f"{EDITION}/tables/top talkers ü.csv", "exports/a.xlsx"])
def test_what_is_published_is_served(data: Path, path: str) -> None:
    assert published_file(data, path) == data / path


NOT_SERVED = [
    "",
    "editions",
    "editions/",
    "exports/",
    EDITION,
    f"{EDITION}/",
    f"{EDITION}/missing.pdf",
    f"{EDITION}/report.pdf/",
    f"{EDITION}//report.pdf",
    f"/{EDITION}/report.pdf",
    f"./{EDITION}/report.pdf",
    "keys/signing.key",
    "editions/../keys/signing.key",
    "exports/../exports/a.xlsx",
    "editions-old/report.pdf",
    "editions/../editions-old/report.pdf",
    "exports/..\\..\\keys\\signing.key",
    "exports/%2e%2e/keys/signing.key",
    "exports/\x00",
    "exports/a.xlsx\x00.pdf",
    "exports/a\n.xlsx",
    "exports/\ud800",
    "exports/" + "a" * 5000,
    "exports/" + "a/" * 5000 + "b",
    "exports//etc/passwd",
    "editions/daily/2025-01-01/.lock",
    "editions/daily/2025-01-01/.staging-x/report.pdf",
    "exports/pipe",
]


@pytest.mark.parametrize("path", NOT_SERVED)
def test_everything_else_is_not_there(data: Path, path: str) -> None:
    assert published_file(data, path) is None


def test_links_may_not_lead_out_of_what_is_published(data: Path) -> None:
    (data / "exports/key").symlink_to(data / "keys/signing.key")
    (data / "exports/keys").symlink_to(data / "keys")
    (data / "exports/loop").symlink_to(data / "exports/loop")
    (data / "exports/hidden").symlink_to(data / "exports/.hidden")
    (data / "exports/.hidden").touch()
    (data / "exports/other_root").symlink_to(data / EDITION / "report.pdf")
    for name in ("key", "keys/signing.key", "loop", "hidden", "other_root"):
        assert published_file(data, f"exports/{name}") is None


def test_links_inside_and_a_root_that_is_a_link_are_followed(data: Path, tmp_path: Path) -> None:
    (data / "exports/newest.xlsx").symlink_to("a.xlsx")
    assert published_file(data, "exports/newest.xlsx") == data / "exports/a.xlsx"
    (data / "exports").rename(tmp_path / "elsewhere")
    (data / "exports").symlink_to(tmp_path / "elsewhere")
    assert published_file(data, "exports/a.xlsx") == tmp_path / "elsewhere/a.xlsx"


@pytest.mark.parametrize(
    ("name", "type_", "disposition"),
    [
        ("report.pdf", "application/pdf", 'inline; filename="report.pdf"'),
        ("a.png", "image/png", 'inline; filename="a.png"'),
        ("a.txt", "text/plain; charset=utf-8", 'inline; filename="a.txt"'),
        ("a.json", "application/json", 'inline; filename="a.json"'),
        ("a.csv", "text/csv; charset=utf-8", 'attachment; filename="a.csv"'),
        ("a.SVG", "image/svg+xml", 'attachment; filename="a.SVG"'),
        ("a.html", "text/html; charset=utf-8", 'attachment; filename="a.html"'),
        ("a.js", "application/octet-stream", 'attachment; filename="a.js"'),
        ("a", "application/octet-stream", 'attachment; filename="a"'),
        (
            'ü";x=.csv',
            "text/csv; charset=utf-8",
            "attachment; filename=\"__;x=.csv\"; filename*=UTF-8''%C3%BC%22%3Bx%3D.csv",
        ),
    ],
)
def test_a_browser_is_told_what_it_gets(tmp_path: Path, name: str, type_: str, disposition: str) -> None:
    file = tmp_path / "file"
    file.touch()
    headers = file_response(file, name, Headers()).headers
    assert headers["content-type"] == type_
    assert headers["content-disposition"] == disposition
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox") == (not name.endswith(".pdf"))


def test_a_file_that_vanished_is_not_there(tmp_path: Path) -> None:
    assert file_response(tmp_path / "gone", "gone", Headers()).status_code == 404


def test_what_a_browser_has_is_not_sent_again(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    tag = file_response(file, "a.pdf", Headers()).headers["etag"]
    assert file_response(file, "a.pdf", Headers({"if-none-match": f'W/"x", {tag}'})).status_code == 304
    assert file_response(file, "a.pdf", Headers({"if-none-match": '"other"'})).status_code == 200


def bucket_with_an_edition(store: Store, folder: Path) -> Path:
    """An empty working copy; the edition has a manifest in the bucket, its second revision has none yet."""
    objects = Objects(store)
    for name in (f"{EDITION}/report.pdf", f"{EDITION}/manifest.json", "editions/daily/2025-01-01/r2/report.pdf"):
        objects.put(name, name.encode())
    objects.put("exports/a.xlsx", b"a.xlsx")
    objects.put("exports/.states/s.json", b"{}")
    copy_at(folder, store)
    return folder


def test_what_lies_in_a_bucket_is_served_from_an_empty_copy(store: Store, tmp_path: Path) -> None:
    data = bucket_with_an_edition(store, tmp_path / "copy")
    for path in (f"{EDITION}/report.pdf", "exports/a.xlsx"):
        found = published_file(data, path)
        assert found == data / path
        assert found.read_bytes().endswith(path.rpartition("/")[2].encode())


@pytest.mark.parametrize("path", [*NOT_SERVED, "editions/daily/2025-01-01/r2/report.pdf", "exports/.states/s.json"])
def test_nothing_else_of_a_bucket_is_there(store: Store, tmp_path: Path, path: str) -> None:
    assert published_file(bucket_with_an_edition(store, tmp_path / "copy"), path) is None


def test_a_download_goes_on_where_it_was_cut_off_whichever_machine_answers(store: Store, tmp_path: Path) -> None:
    """A browser asks for the rest of what has the tag that it knows."""
    Objects(store).put("exports/a.csv", bytes(range(256)) * 64)
    tags = set()
    for name in ("one", "two"):
        copy_at(tmp_path / name, store)
        file = published_file(tmp_path / name, "exports/a.csv")
        assert file is not None
        assert file.read_bytes() == bytes(range(256)) * 64
        tags.add(file_response(file, file.name, Headers()).headers["etag"])
    assert len(tags) == 1
