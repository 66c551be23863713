"""What a server writes to a connection: an answer at once, and nothing kept back for longer than a turn of the loop."""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from services.lines import Joining


class Wire:
    """A transport that remembers what each of its calls was given."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        self.sent.append(b"".join(parts))

    def close(self) -> None:
        self.sent.append(b"closed")

    def is_closing(self) -> bool:
        return self.sent[-1:] == [b"closed"]


def _joining(wire: Wire) -> Joining:
    return Joining(cast(Any, wire), asyncio.get_running_loop())


async def test_a_head_and_its_body_go_out_together() -> None:
    wire = Wire()
    joining = _joining(wire)
    for answer in (b"1", b"2"):
        joining.write(b"head " + answer)
        joining.write(b" body " + answer)
    await asyncio.sleep(0)

    assert wire.sent == [b"head 1 body 1", b"head 2 body 2"]


async def test_a_head_alone_leaves_before_anything_is_waited_for() -> None:
    wire = Wire()
    joining = _joining(wire)
    joining.write(b"head of a stream")
    assert wire.sent == []
    await asyncio.sleep(0)

    joining.write(b" chunk")
    assert joining.bare() is cast(Any, wire)
    assert wire.sent == [b"head of a stream", b" chunk"]


async def test_who_hangs_up_has_sent_everything_before() -> None:
    wire = Wire()
    joining = _joining(wire)
    joining.write(b"last")
    joining.close()
    await asyncio.sleep(0)

    assert wire.sent == [b"last", b"closed"]
    assert joining.is_closing()
