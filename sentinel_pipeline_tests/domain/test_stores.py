from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.stores import declare, declared, store_at


def test_an_address_names_bucket_and_prefix() -> None:
    store = store_at("s3://reports/home/lake/", "https://minio.example")
    assert (store.bucket, store.prefix, store.url) == ("reports", "home/lake", "s3://reports/home/lake")
    assert store_at("s3://reports").url == "s3://reports"


@pytest.mark.parametrize(
    "address", ["reports", "http://reports", "s3://", "s3://UPPER", "s3://reports/../x", "s3://r//x"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a bucket; write s3://bucket or s3://bucket/prefix"):
        store_at(address)


def test_http_is_spoken_only_where_the_endpoint_says_so() -> None:
    assert store_at("s3://reports", "http://127.0.0.1:9000").allows_http
    assert not store_at("s3://reports", "https://minio.example").allows_http
    assert not store_at("s3://reports").allows_http


def test_a_folder_is_a_working_copy_from_when_it_is_said_until_it_is_taken_back(tmp_path: Path) -> None:
    store = store_at("s3://reports")
    declare(tmp_path, store)
    assert declared(tmp_path / "lake" / "x") == (tmp_path, store)
    assert declared(tmp_path.parent) is None
    declare(tmp_path, None)
    assert declared(tmp_path / "lake") is None
