from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.addresses import address, addresses, shortened


def found(text: str) -> list[tuple[str, str]]:
    return [(one.known_as, one.short) for one in addresses(text)]


@pytest.mark.parametrize(
    ("text", "known_as", "short"),
    [
        ("192.168.1.7", "192.168.1.7", "192.168.1.0"),
        ("192.168.001.007", "192.168.1.7", "192.168.001.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1", "2001:db8::"),
        ("2001:db8::1", "2001:db8::1", "2001:db8::"),
        ("fe80::1", "fe80::1", "fe80::"),
        ("::1", "::1", "::"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", "1:2:3::"),
        ("::ffff:192.168.1.7", "192.168.1.7", "::ffff:192.168.1.0"),
        ("::FFFF:c0a8:0107", "192.168.1.7", "::ffff:192.168.1.0"),
        ("2002:c0a8:0107::1", "2002:c0a8:107::1", "2002:c0a8:100::"),
        ("64:ff9b::192.168.1.7", "64:ff9b::c0a8:107", "64:ff9b::"),
        ("aa:bb:cc:dd:ee:ff", "aabbccddeeff", "aa:bb:cc:00:00:00"),
        ("AA-BB-CC-DD-EE-FF", "aabbccddeeff", "AA-BB-CC-00-00-00"),
        ("aabb.ccdd.eeff", "aabbccddeeff", "aabb.cc00.0000"),
        ("AABBCCDDEEFF", "aabbccddeeff", "AABBCC000000"),
    ],
)
def test_every_spelling_is_known_and_shortened(text: str, known_as: str, short: str) -> None:
    whole = address(f" {text} ")
    assert whole is not None
    assert (whole.known_as, whole.short) == (known_as, short)


@pytest.mark.parametrize(
    ("text", "address_in_it", "known_as"),
    [
        ("from 10.0.0.5:443.", "10.0.0.5", "10.0.0.5"),
        ("ip-10-0-0-5.lan", "10-0-0-5", "10.0.0.5"),
        ("10.0.0.5.443 > x", "10.0.0.5", "10.0.0.5"),
        ("http://[2001:db8::1]:443/", "2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1", "fe80::1"),
        ("seen 2001:db8::1.", "2001:db8::1", "2001:db8::1"),
        ("home:2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"),
        ("5.0.0.10.in-addr.arpa", "5.0.0.10", "10.0.0.5"),
        (".".join("1" + "0" * 23 + "8bd01002") + ".ip6.arpa", ".".join("1" + "0" * 23 + "8bd01002"), "2001:db8::1"),
    ],
)
def test_addresses_are_found_inside_text_and_ids(text: str, address_in_it: str, known_as: str) -> None:
    first = next(addresses(text))
    assert (text[first.start : first.end], first.known_as) == (address_in_it, known_as)


@pytest.mark.parametrize(
    "text",
    ["", "12:34:56", "2026-01-01T00:15:00+00:00", "std::string", "1.2.3", "300.1.2.3", "::", "a" * 5000,
     "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
)  # fmt: skip
def test_what_is_no_address_is_left_alone(text: str) -> None:
    assert found(text) == []


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_short_addresses_are_equal_exactly_in_one_network_of_256(one: IPv4Address, other: IPv4Address) -> None:
    assert (shortened(one) == shortened(other)) == (str(one).rsplit(".", 1)[0] == str(other).rsplit(".", 1)[0])


@given(st.ip_addresses(v=6))
def test_80_bits_of_any_spelling_are_gone(ip: IPv6Address) -> None:
    if ip.ipv4_mapped or ip.sixtofour or not int(ip):
        return
    for spelling in (str(ip), ip.exploded, ip.exploded.upper()):
        (whole,) = [one for one in addresses(f"<{spelling}>") if one.family == "ip" and one.start == 1]
        assert whole.end == len(spelling) + 1
        assert int(ip_address(whole.short)) == int(ip) >> 80 << 80


@given(st.text(alphabet="0123456789abcdef:.- x", max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    for one in addresses(text):
        assert 0 <= one.start < one.end <= len(text)
