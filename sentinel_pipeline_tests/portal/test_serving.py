"""The portal refuses to be served where it would not be safe, and says why."""

from __future__ import annotations

import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.portal.listening import Place
from sentinel_pipeline.portal.serving import is_loopback, public_name, require_safe

PROXY = "https://reports.example"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
def test_this_machine_alone_is_served_without_users_or_https(host: str) -> None:
    require_safe(Place(host, 8000), has_users=False)
    require_safe(Place(host, 8000, "http://localhost:8000"), has_users=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "reports.example", ""])
@pytest.mark.parametrize("url", ["", "http://reports.example"])
def test_the_network_is_not_served_without_https(host: str, url: str) -> None:
    with pytest.raises(UsageError, match=r"passwords would cross the network readable.*--public-url https"):
        require_safe(Place(host, 8000, url), has_users=True)


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_the_network_is_not_served_without_users(host: str) -> None:
    with pytest.raises(UsageError, match="there is no user yet; `sentinel users add NAME --role admin`"):
        require_safe(Place(host, 8000, PROXY), has_users=False)
    require_safe(Place(host, 8000, PROXY), has_users=True)


def test_a_proxy_is_known_by_its_name() -> None:
    assert public_name(Place("0.0.0.0", 8000, f"{PROXY}:8443/")) == ("reports.example", True)
    assert public_name(Place("127.0.0.1", 8000)) == ("127.0.0.1", False)


@pytest.mark.parametrize(
    "url", ["reports.example", "ftp://x", "https://", "https://a/b", "https://u@a", "https://a?b", "https://[x"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--public-url"):
        public_name(Place("127.0.0.1", 8000, url))


def test_only_this_machine_is_this_machine() -> None:
    assert is_loopback("LOCALHOST")
    assert not is_loopback("localhost.evil.example")
    assert not is_loopback("127.0.0.1.evil.example")
