"""Which addresses a request of a workflow may reach (SSRF)."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from reactory.exceptions import InvalidStepError, RemoteUnavailableError, StepNotAllowedError
from reactory.steps.builtin.addresses import AddressGuard, is_public


def guard(*addresses: str, allowed: tuple[str, ...] = ()) -> AddressGuard:
    return AddressGuard(allowed, lambda host, port: addresses)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_public_addresses_are_reached(address: str) -> None:
    """YF-4: what is on the Internet may be asked, also behind NAT64 and 6to4."""
    assert guard(address).addresses("api.example.com", 443) == [address]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "169.254.170.2",
        "168.63.129.16",
        "172.16.0.1",
        "192.0.0.192",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b:1::808:808",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::",
        "2001:0:53aa:64c::1",
        "2001:db8::1",
        "2606:4700::5efe:10.0.0.1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_everything_else_is_refused(address: str) -> None:
    """YF-3: neither by name, nor as a literal, nor as one of several addresses; the error names the setting."""
    assert not is_public(ipaddress.ip_address(address))
    for found in ((address,), ("93.184.216.34", address)):
        with pytest.raises(StepNotAllowedError, match="REACTORY_ALLOWED_HOSTS"):
            guard(*found).addresses("api.example.com", 443)
    with pytest.raises(StepNotAllowedError):
        guard().addresses(address, 80)


@pytest.mark.parametrize(
    "allowed", ["intranet.example.com", "Intranet.Example.com.", "intranet.example.com:8080", "10.0.0.0/8", "10.1.2.3"]
)
def test_a_setting_allows_a_host_or_a_network(allowed: str) -> None:
    """YF-4: by name, by name and port, by address or by network."""
    assert guard("10.1.2.3", allowed=(allowed,)).addresses("intranet.example.com", 8080) == ["10.1.2.3"]


@pytest.mark.parametrize("allowed", ["example.com", "intranet.example.com:80", "10.1.2.4", "10.2.0.0/16"])
def test_a_setting_allows_no_more_than_it_says(allowed: str) -> None:
    """YF-3: not a name above, not another port, not another address."""
    with pytest.raises(StepNotAllowedError):
        guard("10.1.2.3", allowed=(allowed,)).addresses("intranet.example.com", 8080)


def test_a_name_without_an_address_may_have_one_later() -> None:
    """EH-1: a failing look-up is a network error, which is tried again."""

    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(RemoteUnavailableError, match="has no address"):
        AddressGuard((), unknown).addresses("nowhere.example.com", 80)


def test_a_name_that_cannot_be_one_is_refused() -> None:
    """EH-1: it will not become a name by trying again."""

    def long(host: str, port: int) -> list[str]:
        raise UnicodeError("label too long")

    with pytest.raises(InvalidStepError, match="no name of a host"):
        AddressGuard((), long).addresses("x" * 64, 80)


def test_an_address_that_cannot_be_read_is_none() -> None:
    """YF-3: what was not looked at is not connected to."""
    with pytest.raises(RemoteUnavailableError):
        guard("93.184.216.34", "nonsense").addresses("api.example.com", 80)
