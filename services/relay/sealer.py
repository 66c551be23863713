"""Seals the append-only tables, about once a second, and signs a checkpoint a minute. Of many relays one does it.

A row is sealed when no lower id can come any more, so within a second or two. The file of checkpoints is written after
the commit: a crash between the two leaves it a minute behind the topic.
"""

import asyncio
import os
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.domain.chain import LEAF_BYTES, Checkpoint, sign
from services.handlers.audit import message_of, seal_settled, told_of
from services.relay import metrics
from services.relay.sole import Sole
from services.store import outbox, seals
from services.store.engine import Transaction
from services.store.seals import Horizon
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

EVERY_S = 0.5
CHECKPOINT_EVERY = timedelta(minutes=1)


async def keep_seals(parts: Parts) -> None:
    """Seal until cancelled; while the database is away the rows wait."""
    keeper = SealKeeper(parts)
    try:
        while True:
            if not await keeper.round():
                await asyncio.sleep(EVERY_S)
    finally:
        await keeper.stop()


class SealKeeper:
    """Seals on the one connection that may."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._key = Ed25519PrivateKey.from_private_bytes(parts.settings.audit_seed)
        self._file = parts.settings.checkpoints
        self._sole = Sole(parts.store, seals.may_seal)
        self._horizon: Horizon | None = None
        self._looked_at = parts.clock.now()
        self._complete_as_of: datetime | None = None  # everything that was there then is sealed
        self._signed, self._sign_at = 0, parts.clock.now()
        metrics.SEAL_LAG.set_function(self._lag_s)

    def _lag_s(self) -> float:
        if self._sole.conn is None or self._complete_as_of is None:
            return 0.0
        return max(0.0, (self._parts.clock.now() - self._complete_as_of).total_seconds())

    async def round(self) -> bool:
        """Seal what is settled. Whether there is more to seal at once."""
        try:
            if not await self._sole.held():
                return False
            if self._horizon is None:
                await self._look()
            return await self._seal()
        except DATABASE_AWAY as away:
            log.info("seals.wait", action="seals.wait", reason=type(away).__name__)
        except Exception as bug:  # the relay's messages do not end with the seals; the words may quote a row
            metrics.FAILURES.labels(metrics.SEALER).inc()
            log.error("seals.bug", action="seals.bug", error=type(bug).__name__)
        await self.stop()
        return False

    async def stop(self) -> None:
        """Let another seal."""
        self._horizon = None
        await self._sole.let_go()

    async def _seal(self) -> bool:
        assert self._horizon is not None  # noqa: S101 - a round looks first
        checkpoint = None
        async with self._parts.store.begin(on=self._sole.conn) as tx:
            settled = await self._horizon.settled(tx.conn, postgres=tx.postgres)
            made = await seal_settled(tx, settled)
            if tx.now >= self._sign_at:
                checkpoint = await self._checkpoint(tx)
        metrics.SEALED.inc(sum(len(one.leaves) for one in made) // LEAF_BYTES)
        if checkpoint is not None:
            await asyncio.to_thread(_append, self._file, checkpoint)
        if any(one.last < self._horizon.newest[one.table] for one in made):
            return True
        if len(settled) == len(self._horizon.newest):
            self._complete_as_of = self._looked_at
            await self._look()
        return False

    async def _look(self) -> None:
        looked_at = self._parts.clock.now()
        async with self._parts.store.begin(on=self._sole.conn) as tx:
            self._horizon = await seals.look(tx.conn, postgres=tx.postgres)
        self._looked_at = looked_at
        self._complete_as_of = self._complete_as_of or looked_at

    async def _checkpoint(self, tx: Transaction) -> Checkpoint | None:
        """Sign the last seal, if it is a new one."""
        self._sign_at = tx.now + CHECKPOINT_EVERY
        last = await seals.last(tx.conn)
        if last is None or last.number == self._signed:
            return None
        checkpoint = sign(self._key, last, now=tx.now)
        await outbox.add(tx, [message_of(checkpoint)])
        self._signed = last.number
        return checkpoint


def _append(file: Path, checkpoint: Checkpoint) -> None:
    """One line, on the disk before this returns. A file that can't be written costs no seal: the topic has it too."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as opened:
            opened.write(told_of(checkpoint).model_dump_json().encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        log.warning("seals.no_file", action="seals.no_file", reason=type(error).__name__)
