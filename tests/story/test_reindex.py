"""A new key over the blind indexes: everybody is found again, repeats are still repeats, the old key alone finds nobody."""

import pytest
from centre import ID_NUMBER, PHONE, Centre
from sqlalchemy import func, select

from services.handlers.links import link_new
from services.handlers.reindex import Found, reindex
from services.store import tables
from services.store.engine import Store
from services.store.sealing import Sealer

NEW, NEWER = b"i" * 32, b"j" * 32


async def found(centre: Centre, **wanted: str) -> list[str]:
    answer = await centre.client.post("/search", headers=centre.headers("operator"), json=wanted)
    return [line["case_id"] for line in answer.json()["items"]]


async def test_a_new_index_key_finds_everybody_and_the_old_one_nobody(centre: Centre) -> None:
    masters, old = centre.parts.settings.masters, centre.parts.settings.index
    assert (await reindex(centre.store, masters, [old])).found is Found.NOTHING
    case = await centre.warn(id_number=ID_NUMBER)
    async with centre.store.begin() as tx:
        await link_new(tx, centre.context)
    assert await found(centre, phone=PHONE) == [str(case)]

    first = await reindex(centre.store, masters, [NEW, old])
    again = await reindex(centre.store, masters, [NEW, old])
    wrong = await reindex(centre.store, masters, [NEW, NEWER])
    assert [one.found for one in (first, again, wrong)] == [Found.DONE, Found.BEFORE, Found.UNKNOWN]
    assert first.hashes == again.hashes > 3
    assert await found(centre, phone=PHONE) == [], "a process that has the old key alone"

    centre.context.sealer = Sealer(masters, old, NEW)
    assert await found(centre, phone=PHONE) == await found(centre, id_number=ID_NUMBER) == [str(case)]
    repeat = await centre.warn(id_number=ID_NUMBER)
    async with centre.store.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(tables.cases))).scalar_one() == 1
    assert (await centre.case(case))["repeat_count"] == 1
    assert repeat != case

    assert (await reindex(centre.store, masters, [NEWER, NEW, old])).found is Found.DONE
    centre.context.sealer = Sealer(masters, old, NEW, NEWER)
    assert await found(centre, phone=PHONE) == [str(case)]


@pytest.mark.parametrize("url", ["postgres"], indirect=True)  # a file has one process by itself
async def test_nothing_is_hashed_anew_while_others_are_at_work(centre: Centre) -> None:
    await centre.warn(id_number=ID_NUMBER)
    settings = centre.parts.settings
    router = Store(centre.store.url.render_as_string(hide_password=False).replace("+asyncpg", ""), name="router")
    try:
        async with router.read():
            busy = await reindex(centre.store, settings.masters, [NEW, settings.index])
    finally:
        await router.close()

    assert busy.found is Found.AT_WORK
    assert (await reindex(centre.store, settings.masters, [settings.index])).found is Found.BEFORE
