"""The connection by which one relay of many does a work alone: whoever has it is the one, and loses it with it."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from services.store.engine import Store, Transaction

May = Callable[[Transaction], Awaitable[bool]]  # whether this connection is the one, until it is closed


class Sole:
    """`conn` is None while this process stands by."""

    def __init__(self, store: Store, may: May) -> None:
        self.conn: AsyncConnection | None = None
        self._store, self._may = store, may

    async def held(self) -> bool:
        """Whether this process is the one; tries to become it."""
        if self.conn is not None:
            return True
        conn = await self._store.engine.connect()
        chosen = False
        try:
            async with self._store.begin(on=conn) as tx:
                chosen = await self._may(tx)
        finally:
            if not chosen:
                await conn.close()
        self.conn = conn if chosen else None
        return chosen

    async def let_go(self) -> None:
        """Let another be the one. Safe to repeat."""
        conn, self.conn = self.conn, None
        if conn is not None:
            await conn.invalidate()  # back in the pool, it would still be the one
            await conn.close()
