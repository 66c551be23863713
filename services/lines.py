"""Connections of a server: an answer goes out whole, and one that outlives its request keeps nothing of it but its line,
to which bytes are written.

uvicorn holds a request's whole stack for as long as it answers, some 40 KB. As for a WebSocket, the connection is given to
another protocol instead: a few hundred bytes, no task.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINE: Final = "quanzu.line"  # in a request's extensions: how to take its connection over
MOST_UNSENT: Final = 64 * 1024  # bytes; who reads no faster gets nothing more meanwhile


class Line(asyncio.Protocol):
    """One connection that is only written to, in chunks of HTTP/1.1. `lost` hears when it is gone, `free` that it may go on."""

    __slots__ = ("_connections", "_transport", "free", "full", "lost")

    def __init__(self, transport: asyncio.Transport, connections: set[Any]) -> None:
        self.full = False
        self.lost: Callable[[], None] = _nothing
        self.free: Callable[[], None] = _nothing
        self._transport = transport
        self._connections = connections
        connections.add(self)  # the server waits for it when it ends

    def write(self, chunk: bytes) -> None:
        """What `chunked` gave."""
        self._transport.write(chunk)

    def close(self) -> None:
        """Say that this is the end, and hang up."""
        if not self._transport.is_closing():
            self._transport.write(b"0\r\n\r\n")
            self._transport.close()

    shutdown = close  # what the server calls

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's own signature
        self._connections.discard(self)
        self.lost()
        self.lost = self.free = _nothing

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        self.free()


class Joining:
    """A transport that holds a write until the next one comes or the loop's turn ends, and sends both at once.

    uvicorn writes the head and the body of an answer apart, and uvloop sends each as it comes: one system call too many,
    and a reader that wakes twice. All else is the transport's own.
    """

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None

    def write(self, data: bytes) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._transport.writelines((held, data))
        else:
            self._held = data
            self._loop.call_soon(self.bare)

    def bare(self) -> asyncio.Transport:
        """The transport itself, nothing held back."""
        held, self._held = self._held, None
        if held is not None:
            self._transport.write(held)
        return self._transport

    def close(self) -> None:
        self.bare().close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class LineProtocol(HttpToolsProtocol):
    """uvicorn's, which lets an answer that has begun keep its connection after the request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(cast(asyncio.Transport, Joining(transport, self.loop)))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast(dict[str, Any], self.scope)["extensions"] = {LINE: self._hand_over}

    def _hand_over(self) -> Line:
        """To be called once the head of an answer without a length was sent."""
        self._unset_keepalive_if_required()
        transport = self.transport = cast(Joining, self.transport).bare()
        self.connections.discard(self)
        self.cycle.response_complete = True
        self.parser = None  # type: ignore[assignment]  # as when a connection is lost: they hold each other
        transport.set_write_buffer_limits(high=MOST_UNSENT)
        line = Line(transport, self.connections)
        transport.set_protocol(line)
        return line


def chunked(body: bytes) -> bytes:
    """A body as one chunk; the same bytes do for any number of lines."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def _nothing() -> None: ...
