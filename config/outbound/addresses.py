"""Which addresses anybody's request may go to, and which only those the operator allowed."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

USUAL_PORTS = (80, 443)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last four bytes
_ENTRY = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:\s]+))(?::(?P<port>[0-9]{1,5}))?")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_.-]{1,253}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one entry of OUTBOUND_ALLOW lets out: a host by name, or the addresses of a network; at one port or any."""

    host: str = ""
    network: Network | None = None
    port: int | None = None

    def covers(self, host: str, port: int, address: Address) -> bool:
        if self.port is not None and self.port != port:
            return False
        return host == self.host if self.network is None else _is_in(address, self.network)


def read_allowances(entries: Iterable[str]) -> tuple[Allowance, ...]:
    """`name`, `name:port`, an address, a network such as 10.0.0.0/8 or [fd00::]:8080. Raises ValueError."""
    return tuple(_allowance(entry.strip()) for entry in entries if entry.strip())


def refusal(host: str, port: int, found: Sequence[Address], allowed: Sequence[Allowance]) -> str:
    """Why a request to a host may not go out; empty when it may. One wrong address among several is enough."""
    for address in found:
        if any(entry.covers(host, port, address) for entry in allowed):
            continue
        if not is_public(address):
            return f"{host} leads to {address}, an address of this machine or its network"
        if port not in USUAL_PORTS:
            return f"port {port} of {host} is neither 80 nor 443"
    return "" if found else f"{host} has no address"


def is_public(address: Address) -> bool:
    """Whether an address is anybody's, also the one that it carries inside."""
    inner = _inside(address)
    return address.is_global and not address.is_multicast and (inner is None or is_public(inner))


def _inside(address: Address) -> Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def _is_in(address: Address, network: Network) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address) in network


def _allowance(entry: str) -> Allowance:
    if network := _network(entry):
        return Allowance(network=network)
    found = _ENTRY.fullmatch(entry)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 1 <= port <= 65535):
        raise ValueError(entry)
    if network := _network(found["six"] or found["name"]):
        return Allowance(network=network, port=port)
    if found["six"] or not _HOST_NAME.fullmatch(found["name"]):
        raise ValueError(entry)
    return Allowance(host=found["name"].lower().rstrip("."), port=port)


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None
