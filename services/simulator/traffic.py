"""Made-up warnings, each drawn from a seed: impossible people in a county that is nowhere. Sends nothing.

Subjects can't exist: their ID numbers have the region 99 and no date, their phones begin 199-0000.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import orjson

from schemas.envelope import EventType, headers_for
from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.broker.producer import Message
from services.domain.datum import Datum, from_wgs84
from services.domain.words import Risk
from services.simulator.chance import Lognormal, Shares, happens, one_of
from services.simulator.county import BRANCHES, CENTRE, STEMS, County, Unit, random_point
from services.simulator.texts import NARRATIVES

# Whole hundredths, rounded from the public shares of 102,762 cases (CCL2023-FCC, table 2.3): counts alone were taken.
TYPES: Shares[str] = {
    "BRUSHING_REBATE": 35,
    "IMPERSONATE_CUSTOMER_SERVICE": 13,
    "FAKE_INVESTMENT": 12,
    "FAKE_LOAN": 11,
    "FAKE_CREDIT_REPORT": 8,
    "FAKE_SHOPPING": 8,
    "IMPERSONATE_AUTHORITY": 4,
    "IMPERSONATE_ACQUAINTANCE": 4,
    "GAME_TRADE": 2,
    "ROMANCE": 2,
    "OTHER": 1,
}
# The rest is invented.
RISKS: Shares[Risk] = {Risk.URGENT: 15, Risk.HIGH: 35, Risk.MEDIUM: 35, Risk.LOW: 15}
PLACES: Shares[str] = {"GCJ02": 68, "WGS84": 20, "NO_POINT": 4, "ZERO_ZERO": 3, "OUTSIDE": 3, "NOTHING": 2}
LAST_SEEN, MONEY_MOVING = 15, 12  # of a hundred
AMOUNT_YUAN = Lognormal(mean=30_000, sigma=1.0)

# Which records are not a plain new warning, by their number, so that each kind is seen early and its share is exact.
BROKEN_EVERY, BROKEN_FIRST = 100, 10
REPEAT_EVERY, REPEAT_FIRST = 50, 6
SAME_SUBJECT_EVERY, SAME_SUBJECT_FIRST = 50, 13
LARGE_EVERY, LARGE_FIRST = 12, 3  # so much money that two people acknowledge
LARGE_YUAN = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A warning as a source would write it, before it is put on a topic."""

    number: str
    risk: Risk
    body: dict[str, Any]

    def record(self, *, ce_id: str, source: str, at: datetime) -> Message:
        """The record, issued at `at`; URGENT goes to its own topic."""
        body = self.body | {"instruction_number": self.number, "issued_at": at.isoformat(), "risk": self.risk.value}
        return record_of(orjson.dumps(body), ce_id=ce_id, source=source, number=self.number, at=at, risk=self.risk)


def record_of(value: bytes, *, ce_id: str, source: str, number: str, at: datetime, risk: Risk) -> Message:
    key = f"{source}/{number}"
    return Message(
        topic=WARNING_URGENT if risk is Risk.URGENT else WARNING_ISSUED,
        key=key.encode(),
        value=value,
        headers=headers_for(id=ce_id, source=source, type=EventType.WARNING_ISSUED, time=at, key=key),
    )


class Traffic:
    """An endless series of records from one source; the same seed and times give the same series."""

    def __init__(self, county: County, *, source: str = "/simulation/feeder", seed: int = 7) -> None:
        self.source = source
        self._rng = Random(seed)
        self._county = county
        self._precincts = [unit for unit in county.units if unit.code != CENTRE]
        self._count = 0
        self._last: Draft | None = None

    def next(self, at: datetime) -> Message:
        """The next record, issued at `at`: a new warning, or by its number a repeat, a known subject, a broken one."""
        self._count += 1
        ce_id = f"{self.source}/{self._count}"
        draft, last = self._new(at), self._last
        if self._falls_on(BROKEN_EVERY, BROKEN_FIRST):
            return self._broken(draft, ce_id=ce_id, at=at)
        if last is not None and self._falls_on(REPEAT_EVERY, REPEAT_FIRST):
            return last.record(ce_id=ce_id, source=self.source, at=at)
        if last is not None and self._falls_on(SAME_SUBJECT_EVERY, SAME_SUBJECT_FIRST):
            draft = replace(draft, body=draft.body | {"subject": last.body["subject"]})
        self._last = draft
        return draft.record(ce_id=ce_id, source=self.source, at=at)

    def _falls_on(self, every: int, first: int) -> bool:
        return self._count % every == first

    def _new(self, at: datetime) -> Draft:
        rng = self._rng
        fraud_type = one_of(rng, TYPES)
        yuan = max(500, round(AMOUNT_YUAN.draw(rng), -2))
        if self._falls_on(LARGE_EVERY, LARGE_FIRST):
            yuan = max(yuan, LARGE_YUAN)
        moving = happens(rng, MONEY_MOVING)
        return Draft(
            number=f"W-{self._count:04}",
            risk=one_of(rng, RISKS),
            body={
                "fraud_type": fraud_type,
                "subject": subject(rng, self._count),
                "places": self._places(at),
                "scam": {
                    "channel": rng.choice(("PHONE", "APP", "SMS", "WEB")),
                    "suspect_account": f"TEST-0000-{rng.randrange(10_000):04}",
                    "suspect_account_bank": "测试银行(虚构)",
                    "amount_at_risk_fen": int(yuan) * 100,
                    "transfer_under_way": moving,
                },
                "narrative": "【模拟】" + rng.choice(NARRATIVES[fraud_type]).format(yuan=int(yuan)),
                "requests": ["CALL", "STOP_PAYMENT"] if moving else ["CALL"],
            },
        )

    def _places(self, at: datetime) -> dict[str, Any]:
        """Where the subject is; now and then a fresh position of the phone as well, somewhere else in the precinct."""
        rng = self._rng
        unit = rng.choice(self._precincts)
        how = one_of(rng, PLACES)
        if how == "NOTHING":
            return {}
        places: dict[str, Any] = {"current": self._current(unit, how)}
        if how in tuple(Datum) and happens(rng, LAST_SEEN):
            fix = _point(random_point(rng, unit), Datum(how)) | {"accuracy_m": float(rng.randrange(10, 400))}
            seen_at = at - timedelta(minutes=rng.randrange(20))
            places["last_seen"] = {"point": fix, "at": seen_at.isoformat()}
        return places

    def _current(self, unit: Unit, how: str) -> dict[str, Any]:
        rng = self._rng
        villages = [village for village in self._county.villages if village.unit == unit.code]
        village = rng.choice(villages) if villages else None
        code = next(code.code for code in self._county.region_codes if code.unit == unit.code)
        place: dict[str, Any] = {
            "region_code": village.code if village else code,
            "address": f"墨汀县{village.name if village else '开发区'}{rng.randrange(1, 200)}号(虚构)",
        }
        match how:
            case "NO_POINT":
                return place
            case "ZERO_ZERO":
                return place | {"point": {"lat": 0.0, "lon": 0.0, "datum": "GCJ02"}}
            case "OUTSIDE":  # south of the county, over the edge and station limits away
                return place | {"point": {"lat": 17.0 + rng.random(), "lon": 131.0 + rng.random(), "datum": "WGS84"}}
            case _:
                return place | {"point": _point(random_point(rng, unit), Datum(how))}

    def _broken(self, draft: Draft, *, ce_id: str, at: datetime) -> Message:
        """A record that can't become a case: one of four faults that sources really make."""
        good = draft.record(ce_id=ce_id, source=self.source, at=at)
        body = orjson.loads(good.value)
        faults = (
            good.value[: len(good.value) // 2],
            orjson.dumps(body | {"risk": "VERY HIGH"}),
            orjson.dumps({name: value for name, value in body.items() if name != "subject"}),
            orjson.dumps(body | {"issued_at": at.strftime("%Y-%m-%d %H:%M:%S")}),
        )
        return replace(good, value=self._rng.choice(faults))


def subject(rng: Random, number: int) -> dict[str, Any]:
    """A person who can't be: `number` makes the ID number theirs alone."""
    name = "测试" + rng.choice(STEMS) + rng.choice(BRANCHES)
    return {
        "name": name,
        "phone": _phone(rng),
        "id_number": f"9901210000{number % 10**8:08}",
        "age": rng.randrange(18, 85),
        "family": [{"name": f"{name}的家属", "phone": _phone(rng), "relation": rng.choice(("子女", "配偶", "兄弟"))}],
    }


def _phone(rng: Random) -> str:
    return f"1990000{rng.randrange(10_000):04}"


def _point(at: tuple[float, float], datum: Datum) -> dict[str, Any]:
    lat, lon = from_wgs84(at[0], at[1], datum)
    return {"lat": round(float(lat), 6), "lon": round(float(lon), 6), "datum": datum.value}
