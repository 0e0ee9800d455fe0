"""Which addresses a request may go to: public ones, and what ``REACTORY_ALLOWED_HOSTS`` names (SSRF).

A name is resolved once; every address that it has is looked at, and the request goes to one of those and nowhere else.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from reactory.exceptions import InvalidStepError, RemoteUnavailableError, StepNotAllowedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host, as texts; OSError when there are none."""

_CARRYING = (
    # network, and how many bits stand behind the IPv4 address that a request there ends at
    (ipaddress.IPv6Network("::/96"), 0),
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)
_CLOSED: tuple[Network, ...] = (
    ipaddress.IPv4Network("168.63.129.16/32"),  # what a cloud tells its machines, at an address that looks public
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv4Network("192.88.99.0/24"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),  # NAT64 of a network of one's own
    ipaddress.IPv6Network("2001::/32"),  # Teredo
    ipaddress.IPv6Network("3fff::/20"),  # documentation
    ipaddress.IPv6Network("5f00::/16"),  # segment routing
    ipaddress.IPv6Network("fec0::/10"),  # site-local
)
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""What stands before an IPv4 address in the second half of an address that tunnels to it."""


class AddressGuard:
    """``allowed`` are hosts, ``host:port``, addresses or CIDR that may be reached although they are not public."""

    def __init__(self, allowed: Sequence[str] = (), resolve: Resolve | None = None) -> None:
        self._resolve = resolve or system_addresses
        self._networks = [network for network in map(_network, allowed) if network is not None]
        self._hosts = frozenset(_plain(entry) for entry in allowed if _network(entry) is None)

    def addresses(self, host: str, port: int) -> list[str]:
        """Those that may be connected to. StepNotAllowedError when one of them may not."""
        found = self._resolved(host, port)
        if not self._hosts.isdisjoint({_plain(host), _plain(f"{host}:{port}"), _plain(f"[{host}]:{port}")}):
            return [str(address) for address in found]
        for address in found:
            if not is_public(address) and not any(address in network for network in self._networks):
                raise StepNotAllowedError(
                    f"{host}:{port} is not a public address: api_call may not go there. "
                    "If it should, add the host, host:port or network to REACTORY_ALLOWED_HOSTS"
                )
        return [str(address) for address in found]

    def _resolved(self, host: str, port: int) -> list[Address]:
        literal = _address(host)
        if literal is not None:
            return [literal]
        try:
            texts = self._resolve(host, port)
        except UnicodeError as error:
            raise InvalidStepError(f"'{host}' is no name of a host: correct the url") from error
        except OSError as error:
            raise RemoteUnavailableError(f"{host} has no address: {error.strerror or error}") from error
        found = [address for address in map(_address, dict.fromkeys(texts)) if address is not None]
        if not found or len(found) < len(set(texts)):
            raise RemoteUnavailableError(f"{host} has no address that can be used")
        return found


def is_public(address: Address) -> bool:
    """Whether it is an address of the Internet. One that only carries an IPv4 address is what that is."""
    bits = int(address)
    if isinstance(address, ipaddress.IPv6Address):
        for network, behind in _CARRYING:
            if address in network:
                return is_public(ipaddress.IPv4Address((bits >> behind) & 0xFFFF_FFFF))
        tunnels = (bits >> 32) & 0xFFFF_FFFF in _ISATAP
        if tunnels and not is_public(ipaddress.IPv4Address(bits & 0xFFFF_FFFF)):
            return False
    if any(address in network for network in _CLOSED):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def system_addresses(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None


def _plain(host: str) -> str:
    return host.lower().rstrip(".")
