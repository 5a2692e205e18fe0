"""Whose address counts: only what a trusted proxy says is believed, and only the part that it wrote."""

from __future__ import annotations

import pytest

from app.http.client_ip import ClientIp

PROXY, INNER, EVE = "10.0.0.1", "172.16.5.5", "203.0.113.66"


@pytest.fixture
def behind() -> ClientIp:
    return ClientIp((PROXY, "172.16.0.0/12", "fd00::/8", "192.168.1.7/24"))


def test_without_a_proxy_headers_are_ignored() -> None:
    for trusted in ((), (PROXY,)):
        assert ClientIp(trusted).of(EVE, "1.2.3.4") == EVE
    assert ClientIp(()).of(PROXY, "1.2.3.4") == PROXY


def test_a_trusted_proxy_is_believed(behind: ClientIp) -> None:
    assert behind.of(PROXY, EVE) == EVE
    assert behind.of(PROXY, "") == PROXY
    assert behind.of("192.168.1.200", EVE) == EVE


def test_what_the_client_wrote_is_not(behind: ClientIp) -> None:
    for forged in ("1.2.3.4", "10.0.0.1", "127.0.0.1", "garbage", "", ",", "1.2.3.4,5.6.7.8", "x" * 10_000):
        assert behind.of(PROXY, f"{forged}, {EVE}") == EVE


def test_a_chain_of_trusted_proxies(behind: ClientIp) -> None:
    assert behind.of(PROXY, f"1.2.3.4, {EVE}, {INNER}, 192.168.1.1") == EVE
    assert behind.of(PROXY, f"{INNER},192.168.1.1") == INNER  # a client within the trusted network


@pytest.mark.parametrize(
    "hop", ["unknown", "", "_hidden", "1.2.3", "1.2.3.4.5", "::g", "[::1", "203.0.113.66:x", "x" * 5000, "203.0.113.66 evil", "\u0661.1.1.1"]
)
def test_a_hop_that_is_no_address_ends_the_chain_at_who_said_it(behind: ClientIp, hop: str) -> None:
    assert behind.of(PROXY, hop) == PROXY
    assert behind.of(PROXY, f"{EVE}, {hop}, {INNER}") == INNER


@pytest.mark.parametrize(
    "hop, address",
    [
        ("203.0.113.66:4711", EVE), (" 203.0.113.66 ", EVE), ("[2001:db8::1]:4711", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"), ("2001:db8::1", "2001:db8::1"),
    ],
)  # fmt: skip
def test_spellings_of_an_address(behind: ClientIp, hop: str, address: str) -> None:
    assert behind.of(PROXY, hop) == address


def test_mapped_and_odd_peers(behind: ClientIp) -> None:
    assert behind.of("::ffff:10.0.0.1", EVE) == EVE
    assert behind.of("::ffff:10.0.0.1", "") == PROXY
    assert behind.of("::ffff:203.0.113.66", "1.2.3.4") == EVE
    assert behind.of("::ffff:nonsense", "1.2.3.4") == "::ffff:nonsense"
    assert ClientIp(()).of("::ffff:203.0.113.66", "") == EVE
    assert behind.of(PROXY, "::ffff:203.0.113.66") == EVE
    assert behind.of(PROXY, "1.2.3.4, [::ffff:203.0.113.66]:99, ::ffff:10.0.0.1") == EVE
    assert behind.of("fd12::1", EVE) == EVE
    assert behind.of("fe80::1", EVE) == "fe80::1"
    for peer in ("", "unix:", "testclient"):
        assert behind.of(peer, EVE) == peer


def test_a_configuration_mistake_is_loud() -> None:
    with pytest.raises(ValueError):
        ClientIp(("not an address",))
