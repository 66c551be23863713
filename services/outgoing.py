"""The way out for every address that somebody has set: resolved once, checked, and then connected to as checked.

An address of the administrator's (the dead man's switch, travel times) comes with the process and is often inside: it may
be private and plain, but no machine's metadata service. One that people set at work, such as a webhook, is `PUBLIC`.
Nothing follows a redirect.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx2

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# Where a machine in a cloud is told its own secrets, outside the link-local ranges: Alibaba's, Azure's, Amazon's.
_METADATA: Final = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254")))
_SHARED: Final = ipaddress.ip_network("100.64.0.0/10")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_NUMBERS: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far an address may lead. `networks` are open although they are private."""

    private: bool = False
    plain: bool = False
    networks: tuple[Network, ...] = ()


PUBLIC: Final = Bounds()
OWN: Final = Bounds(private=True, plain=True)


class OutOfBounds(httpx2.ConnectError):
    """The address is not one that may be reached. The text names no address: it may hold a secret."""


def allows(bounds: Bounds, address: Address) -> bool:
    """Whether this very address may be connected to."""
    bare = _unwrapped(address)
    if bare in _METADATA or bare.is_link_local or bare.is_multicast or bare.is_unspecified or bare.is_reserved:
        return False
    if any(bare.version == network.version and bare in network for network in bounds.networks):
        return True
    inside = bare.is_private or bare.is_loopback or (bare.version == 4 and bare in _SHARED)
    return bounds.private if inside else bare.is_global


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


async def resolved(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the machine resolves it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Guarded(httpx2.AsyncBaseTransport):
    """Connects to what was checked: the name is asked for once, so that no second answer can lead elsewhere."""

    def __init__(
        self, bounds: Bounds, *, resolve: Resolve = resolved, inner: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._bounds = bounds
        self._resolve = resolve
        self._inner = inner or httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises OutOfBounds, or what the connection raises."""
        failed: httpx2.ConnectError | None = None
        for address in await self._addresses(request.url):
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except httpx2.ConnectError as error:  # nothing was sent: the next address may answer
                failed = error
        raise failed or httpx2.ConnectError("the name has no address")

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _addresses(self, url: httpx2.URL) -> list[Address]:
        if url.scheme != "https" and not (url.scheme == "http" and self._bounds.plain):
            raise OutOfBounds("only https is allowed")
        host = url.host
        if (literal := _literal(host)) is not None:
            found = [literal]
        elif _NUMBERS.fullmatch(host):  # 2130706433, 0177.0.0.1, 0x7f.1: nobody means well who writes so
            raise OutOfBounds("the host is a number in disguise")
        else:
            try:
                names = await self._resolve(host, url.port or (443 if url.scheme == "https" else 80))
            except OSError as error:
                raise httpx2.ConnectError("the name can't be resolved") from error
            found = [ipaddress.ip_address(name.partition("%")[0]) for name in names]
        if not all(allows(self._bounds, address) for address in found):
            raise OutOfBounds("the address is not one that may be reached")
        return found


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _pinned(request: httpx2.Request, address: Address) -> httpx2.Request:
    """The same request to the checked address; its Host and the name in TLS stay as they were."""
    host = request.url.host
    named = {} if _literal(host) else {"sni_hostname": host}
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, **named},
    )
