"""One replay: send at a pace, wait until each warning is a case, merged or a dead letter, and count."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.broker.link import BrokerAddress
from services.broker.producer import Message, Sender, SendUnknown
from services.cli.issuing import made_up_subject, record
from services.cli.judging import Agreement
from services.cli.progress import progress
from services.cli.replay_rows import Sending
from services.cli.words import say
from services.clock import Clock
from services.domain.words import Risk
from services.store import dead_letters, fates
from services.store.engine import Store
from services.store.intake import OPENED
from services.store.sealing import CannotOpen, Sealer

CHUNK = 500
LOOK_S = 0.25
SEND_S = 60.0  # a broker that is away for longer ends the replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When a row is due, in seconds after the start: `rate` rows a second, or the file's own time `speed` times as fast."""

    rate: float | None
    speed: float | None

    def due_s(self, index: int, row: Sending) -> float:
        if self.rate is not None:
            return index / self.rate
        return row.after_s / self.speed if self.speed is not None else 0.0


@dataclass(slots=True, kw_only=True)
class Replay:
    """What is to be sent, and what became of it so far. `stop` ends it early, whatever it is doing."""

    rows: Sequence[Sending]
    risk: Risk
    pace: Pace
    source: str
    wait_s: float
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    sent_s: float = 0.0
    waited_s: float = 0.0
    effects: dict[str, int] = field(default_factory=dict)
    letters: Counter[str] = field(default_factory=Counter)  # by kind of fault
    _looked_at: set[int] = field(default_factory=set)
    _letters_after: int = 0

    @property
    def settled(self) -> int:
        return sum(self.effects.values()) + self.letters.total()

    async def begin(self, store: Store) -> None:
        """Remember where the dead letters of this replay begin."""
        async with store.read() as conn:
            self._letters_after = await dead_letters.newest_id(conn)

    async def send(self, address: BrokerAddress, clock: Clock) -> None:
        """Send every row when it is due. Raises SendUnknown where the broker stays away."""
        sender = Sender(address, name="quanzu-replay")
        began = time.monotonic()
        try:
            with progress(say("replay.sending"), len(self.rows)) as tell:
                while self.sent < len(self.rows) and not self.stop.is_set():
                    due = self._due(time.monotonic() - began)
                    if due:
                        await _surely(sender, [self._record(self.sent + place, clock) for place in range(due)])
                        self.sent += due
                        tell(self.sent)
                    else:
                        await self._pause(self.pace.due_s(self.sent, self.rows[self.sent]) - time.monotonic() + began)
        finally:
            self.sent_s = time.monotonic() - began
            await sender.stop(within=2.0)

    def _due(self, passed_s: float) -> int:
        """How many of the next rows are due by now, at most a chunk."""
        ahead = range(self.sent, min(self.sent + CHUNK, len(self.rows)))
        return sum(1 for index in ahead if self.pace.due_s(index, self.rows[index]) <= passed_s)

    def _record(self, index: int, clock: Clock) -> Message:
        row = self.rows[index]
        body = {
            "fraud_type": row.fraud_type,
            "subject": made_up_subject(index, tag=self.source[-12:]),
            "places": {"current": row.place},
        }
        return record(
            source=self.source, number=row.number, ce_id=str(index), at=clock.now(), risk=self.risk, body=body
        )

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self.stop.wait()
        except TimeoutError:
            pass

    async def settle(self, store: Store, sealer: Sealer) -> None:
        """Wait until the store knows what became of each one, at most `wait_s`."""
        began = time.monotonic()
        with progress(say("replay.settling"), self.sent) as tell:
            while True:
                await self._look(store, sealer)
                tell(self.settled)
                self.waited_s = time.monotonic() - began
                if self.settled >= self.sent or self.waited_s >= self.wait_s or self.stop.is_set():
                    return
                await self._pause(LOOK_S)

    async def _look(self, store: Store, sealer: Sealer) -> None:
        async with store.read() as conn:
            self.effects = await fates.effects(conn, self.source)
            after = self._letters_after  # from the start each time: a lower id may be committed later
            while page := await dead_letters.newer(conn, after=after):
                for letter in page:
                    after = letter.id or after
                    if after not in self._looked_at:
                        self._looked_at.add(after)
                        if self._is_ours(sealer, letter):
                            self.letters[letter.error_class] += 1

    def _is_ours(self, sealer: Sealer, letter: dead_letters.DeadLetter) -> bool:
        try:
            raw = dead_letters.open_record(sealer, letter)
        except CannotOpen:
            return False
        return raw is not None and ("ce_source", self.source.encode()) in raw.headers

    async def summary(self, store: Store) -> dict[str, Any]:
        """Agreement is None where no row had a label: nothing was judged."""
        by_rule: Counter[str] = Counter()
        agreement = Agreement()
        async with store.read() as conn:
            async for fate in fates.fates(conn, self.source):
                by_rule[fate.rule] += 1
                agreement.judge(self.rows[int(fate.ce_id)].label, fate.responsible_unit)
        return {
            "source": self.source,
            "rows": len(self.rows),
            "sent": self.sent,
            "cases": self.effects.get(OPENED, 0),
            "merged": sum(self.effects.values()) - self.effects.get(OPENED, 0),
            "dead_letters": self.letters.total(),
            "dead_letters_by_kind": dict(self.letters),
            "unsettled": self.sent - self.settled,
            "by_rule": dict(by_rule.most_common()),
            "labelled": agreement.labelled,
            "right": agreement.right,
            "agreement": agreement.rate,
            "sent_s": round(self.sent_s, 3),
            "waited_s": round(self.waited_s, 3),
            "interrupted": self.stop.is_set(),
        }


async def _surely(sender: Sender, records: Sequence[Message]) -> None:
    """Send until acknowledged: what may have arrived is sent again as it is and counts once, by its ce_id."""
    deadline = time.monotonic() + SEND_S
    while True:
        try:
            await sender.send(records, within=10.0)
        except SendUnknown as unknown:
            if time.monotonic() > deadline:
                raise
            records = unknown.messages
        else:
            return
