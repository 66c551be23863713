"""Records that can't become a case: each is one dead letter with its bytes sealed, and its partition goes on."""

import json
from typing import Any

import pytest
from confluent_kafka import Producer
from router_steps import Centre, Headers, event
from sqlalchemy import text

from deploy.native.kafka import Kafka
from schemas.envelope import EventType
from schemas.topics import WARNING_DLQ, WARNING_ISSUED
from services.store import dead_letters, tables
from services.store.sealing import Sealer
from tests.raw_batches import ODD_NAME, batch_of, damage, produce

SECRET = "199-0000-777777"  # stands in every broken record and must stand in no reason
GOOD = {
    "instruction_number": "MT-1",
    "issued_at": "2026-11-20T08:00:00Z",
    "risk": "LOW",
    "subject": {"phone": SECRET},
}


def body(**changed: Any) -> bytes:
    return json.dumps(GOOD | changed).encode()


def without(name: str) -> tuple[Headers, bytes]:
    headers, value = event(body())
    return [header for header in headers if header[0] != name], value


def structured(value: bytes) -> tuple[Headers, bytes]:
    return [("content-type", b"application/cloudevents+json")], value


NOT_UTF_8 = body(narrative=f"{SECRET} ?").replace(b"?", b"\xff\xfe")
CORPUS: dict[str, tuple[tuple[Headers, bytes | None], str]] = {
    "tombstone": ((event(b"")[0], None), "tombstone"),
    "empty": (event(b""), "empty"),
    "half of it": (event(body()[:40]), "body: json_invalid"),
    "no JSON at all": (event(SECRET.encode()), "body: json_invalid"),
    "not UTF-8": (event(NOT_UTF_8), "body: json_invalid"),
    "a lone surrogate": (event(body(narrative="X").replace(b'"X"', b'"\\ud800"')), "body: json_invalid"),
    "nested a thousand deep": (event(b"[" * 1_000 + b"]" * 1_000), "body: json_invalid"),
    "wrong types": (event(body(subject=SECRET)), "subject: model_type"),
    "not a number": (
        event(body(places={"current": {"point": {"lat": float("nan"), "lon": 1}}})),
        "places.current.point.lat: finite_number",
    ),
    "NUL in a text": (event(body(narrative=f"{SECRET}\0")), "narrative: string_pattern_mismatch"),
    "NUL in its id": (event(body(), id="a\0b"), "id_nul"),
    "an unknown risk": (event(body(risk=SECRET)), "risk: literal_error"),
    "no id": (without("ce_id"), "id_missing"),
    "no source": (without("ce_source"), "source_missing"),
    "no type": (without("ce_type"), "type_missing"),
    "no version": (without("ce_specversion"), "specversion_missing"),
    "no headers": (([], body()), "specversion_missing"),
    "another type": (event(body(), type=EventType.CASE_CHANGED), "type_unknown"),
    "the next major version": (event(body(), type="cn.quanzu.warning.issued.v2"), "type_major_unknown"),
    "structured, too deep": (structured(b'{"data":' * 1_100 + b"1" + b"}" * 1_100), "too_deep"),
    "structured, no data": (
        structured(b'{"specversion":"1.0","id":"1","source":"s","type":"cn.quanzu.warning.issued.v1"}'),
        "data_missing",
    ),
    "too large": (event(body(narrative="9" * 1_020_000)), "the record is larger than the client takes"),
}


async def test_each_broken_record_is_one_dead_letter(centre: Centre) -> None:
    """A good record before and after them on the same partition; all in one batch or nearly."""
    records = [event(json.dumps(centre.warning("FIRST")).encode())]
    records += [record for record, _ in CORPUS.values()]
    records += [event(json.dumps(centre.warning("LAST")).encode())]
    places = await centre.put(records, partition=3)
    async with centre.router():
        await centre.count(tables.cases, 2)
        await centre.count(tables.dead_letter, len(CORPUS))

    async with centre.store.read() as conn:
        letters = {letter.offset: letter for letter in await dead_letters.page(conn, limit=100)}
    sealer = Sealer(centre.settings.masters, centre.settings.index)
    for (name, ((headers, value), reason)), (partition, offset) in zip(CORPUS.items(), places[1:-1], strict=True):
        letter = letters[offset]
        assert (letter.topic, letter.partition, letter.reason) == ("fraud.warning.issued", partition, reason), name
        raw = dead_letters.open_record(sealer, letter)
        if name == "too large":
            assert (raw, letter.size) == (None, pytest.approx(1_020_300, abs=300))
        else:
            assert raw is not None, name
            assert (raw.value, raw.headers) == (value, headers), name
    told = [row for row in await centre.rows(tables.outbox) if row.topic == WARNING_DLQ]
    assert len(told) == len(CORPUS)
    assert not [row for row in told if SECRET.encode() in row.value]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_a_source_may_compress_as_it_likes(centre: Centre, codec: str) -> None:
    """aiokafka alone reads gzip only, and a batch it can't read would end the process again and again."""
    source = Producer({"bootstrap.servers": centre.settings.kafka, "compression.type": codec, "linger.ms": 50})
    for _ in range(5):
        headers, value = event(json.dumps(centre.warning(narrative="测" * 500)).encode())
        source.produce(WARNING_ISSUED, value, headers=headers, partition=2)
    assert source.flush(10) == 0
    async with centre.router():
        await centre.count(tables.cases, 5)


async def test_what_aiokafka_cannot_read_is_a_dead_letter(centre: Centre, kafka: Kafka) -> None:
    """A header's name that is not UTF-8 between two good warnings, and a batch that the disk has spoilt."""
    good = [event(json.dumps(centre.warning()).encode()) for _ in range(4)]
    odd = (event(body())[1], [*event(body())[0], (ODD_NAME, SECRET.encode())])
    records = [(value, headers) for headers, value in good]
    broker = centre.settings.kafka
    await produce(broker, WARNING_ISSUED, batch_of([records[0], odd, records[1]]), 3)
    spoilt_at = await produce(broker, WARNING_ISSUED, batch_of([records[2], records[2]]), 3)
    await produce(broker, WARNING_ISSUED, batch_of([records[3]]), 3)
    damage(kafka, WARNING_ISSUED, spoilt_at, lambda batch: batch.__setitem__(-1, batch[-1] ^ 0xFF), 3)
    async with centre.router():
        await centre.count(tables.cases, 3)
        letters = await centre.count(tables.dead_letter, 3)

    assert {row.error_class for row in letters} == {"unreadable"}
    (first, *_) = sorted(letters, key=lambda row: row.offset)
    raw = dead_letters.open_record(Sealer(centre.settings.masters, centre.settings.index), first)
    assert raw is not None
    assert raw.headers[-1] == ("\\xff\\xfe-names", SECRET.encode())
    assert sorted((row.topic, row.partition, row.offset) for row in letters) == [
        (WARNING_ISSUED, 3, offset) for offset in (spoilt_at - 2, spoilt_at, spoilt_at + 1)
    ]
    assert not [row for row in letters if SECRET in row.reason]


async def test_a_record_the_database_refuses_is_halved_out(either_centre: Centre) -> None:
    """Our own tables refuse nothing that passed the schema, so this installation has a rule of its own."""
    centre = either_centre
    rule = (
        "ALTER TABLE cases ADD CONSTRAINT no_poison CHECK (instruction_number <> 'POISON')"
        if centre.store.postgres
        else "CREATE TRIGGER no_poison BEFORE INSERT ON cases WHEN NEW.instruction_number = 'POISON' "
        "BEGIN SELECT RAISE(ABORT, 'poison'); END"
    )
    async with centre.store.begin() as tx:
        await tx.conn.execute(text(rule))
    warnings = [centre.warning("POISON" if number == 17 else f"MT-{number}") for number in range(40)]
    async with centre.router() as parts:
        records = [event(json.dumps(warning).encode()) for warning in warnings]
        places = await centre.put(records, partition=1, broker=parts.broker.bootstrap)

        await centre.count(tables.cases, 39)
        (letter,) = await centre.count(tables.dead_letter, 1)

    assert (letter.partition, letter.offset, letter.error_class) == (*places[17], "database")
    assert letter.reason.startswith("could not be stored: ")
    assert "POISON" not in letter.reason
