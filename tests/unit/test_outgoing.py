"""Where a request may lead that somebody has set the address of: nowhere inside, by no spelling and by no second answer."""

import asyncio
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from services.outgoing import OWN, PUBLIC, Bounds, Guarded, OutOfBounds
from tests.certificates import Authority

INSIDE = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - that it leads nowhere is what is tried
    "169.254.169.254",
    "100.100.100.200",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00::1]",
    "[fd00:ec2::254]",
)
DISGUISED = ("2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.1", "017700000001")
METADATA = ("169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "[fe80::1]", "[::ffff:169.254.169.254]")


class Wire:
    """Stands where a request would leave, and for the names of the world."""

    def __init__(self, *answers: Sequence[str], status: int = 200, location: str = "") -> None:
        self.sent: list[httpx2.Request] = []
        self.asked = 0
        self._answers = answers
        self._status, self._location = status, location

    async def resolve(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return self._answers[min(self.asked, len(self._answers)) - 1]

    def take(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append(request)
        return httpx2.Response(self._status, headers={"location": self._location} if self._location else {})

    async def get(self, url: str, bounds: Bounds = PUBLIC) -> httpx2.Response:
        guarded = Guarded(bounds, resolve=self.resolve, inner=httpx2.MockTransport(self.take))
        async with httpx2.AsyncClient(transport=guarded, trust_env=False) as client:
            return await client.get(url)


@pytest.mark.parametrize("host", [*INSIDE, *DISGUISED])
async def test_a_webhook_leads_to_no_address_inside(host: str) -> None:
    wire = Wire([])

    with pytest.raises((OutOfBounds, httpx2.InvalidURL)):  # some spellings are no address to the client itself
        await wire.get(f"https://{host}/hook")

    assert not wire.sent


@pytest.mark.parametrize("host", INSIDE)
async def test_a_name_hides_no_address_inside(host: str) -> None:
    """Also where only one of its addresses is inside: the other would be tried first."""
    wire = Wire(["93.184.215.14", host.strip("[]")])

    with pytest.raises(OutOfBounds):
        await wire.get("https://hooks.example/")

    assert not wire.sent


async def test_what_was_checked_is_what_is_connected_to() -> None:
    """The second answer of a rebinding name would be the loopback; nobody asks for it."""
    wire = Wire(["93.184.215.14"], ["127.0.0.1"])

    await wire.get("https://hooks.example:8443/a?b=c")

    (sent,) = wire.sent
    assert wire.asked == 1
    assert str(sent.url) == "https://93.184.215.14:8443/a?b=c"
    assert sent.headers["host"] == "hooks.example:8443"
    assert sent.extensions["sni_hostname"] == "hooks.example"


async def test_a_later_answer_is_checked_as_the_first() -> None:
    wire = Wire(["93.184.215.14"], ["127.0.0.1"])
    await wire.get("https://hooks.example/")

    wire.asked = 1
    with pytest.raises(OutOfBounds):
        await wire.get("https://hooks.example/")

    assert len(wire.sent) == 1


async def test_a_public_ipv6_address_is_reached() -> None:
    wire = Wire(["2606:4700::1111"])

    await wire.get("https://hooks.example/")

    assert str(wire.sent[0].url) == "https://[2606:4700::1111]/"


@pytest.mark.parametrize("url", ["http://hooks.example/", "http://93.184.215.14/"])
async def test_a_webhook_is_https_alone(url: str) -> None:
    wire = Wire(["93.184.215.14"])

    with pytest.raises(OutOfBounds):
        await wire.get(url)

    assert not wire.sent


async def test_a_redirect_is_told_and_not_followed() -> None:
    wire = Wire(["93.184.215.14"], status=302, location="https://169.254.169.254/latest")

    answer = await wire.get("https://hooks.example/")

    assert answer.status_code == 302
    assert len(wire.sent) == 1


async def test_an_allowed_network_opens_itself_alone() -> None:
    bounds = Bounds(networks=(ipaddress.ip_network("10.1.0.0/16"),))
    wire = Wire(["10.1.2.3"])

    await wire.get("https://inside.example/", bounds)
    with pytest.raises(OutOfBounds):
        await wire.get("https://10.2.0.1/", bounds)

    assert str(wire.sent[0].url) == "https://10.1.2.3/"


async def test_the_administrators_own_address_may_be_inside() -> None:
    wire = Wire(["192.168.1.1"])

    await wire.get("http://127.0.0.1:5000/table", OWN)
    await wire.get("http://osrm.internal:5000/table", OWN)

    assert [str(sent.url) for sent in wire.sent] == ["http://127.0.0.1:5000/table", "http://192.168.1.1:5000/table"]


@pytest.mark.parametrize("host", METADATA)
async def test_no_address_leads_to_a_metadata_service(host: str) -> None:
    wire = Wire([host.strip("[]")])

    for url in (f"http://{host}/", "http://named.example/"):
        with pytest.raises(OutOfBounds):
            await wire.get(url, OWN)

    assert not wire.sent


async def test_tls_still_asks_for_the_name_and_not_the_number(tmp_path: Path) -> None:
    """The certificate names no address: checked against the pinned one, no honest webhook would work."""
    ours = Authority(tmp_path, "ours")
    shown = ours.keystore("server", ours.sign("hooks.example"))
    server_tls, client_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    server_tls.load_cert_chain(shown)
    client_tls.load_verify_locations(ours.root)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_tls)
    port = server.sockets[0].getsockname()[1]
    inner = httpx2.AsyncHTTPTransport(verify=client_tls, trust_env=False)
    guarded = Guarded(OWN, resolve=Wire(["127.0.0.1"]).resolve, inner=inner)
    async with server, httpx2.AsyncClient(transport=guarded, trust_env=False) as client:
        assert (await client.get(f"https://hooks.example:{port}/")).status_code == 204
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"https://other.example:{port}/")
