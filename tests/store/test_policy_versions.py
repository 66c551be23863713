"""Policies as they are kept: versions that never change, one in force, two people at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.domain.policy_fault import BadPolicy
from services.domain.states import TimerKind
from services.domain.words import Risk
from services.store import policies, tables
from services.store.engine import Store
from services.store.policies import Policies, default_document


def shorter(minutes: float) -> dict[str, Any]:
    document = default_document()
    document["limits_min"]["HIGH"]["CONTACT"] = minutes
    return document


async def drafted(store: Store, minutes: float, by: str = "测试甲") -> int:
    async with store.begin() as tx:
        return await policies.draft(tx, shorter(minutes), by=by)


async def put_in_force(store: Store, version: int, by: str = "测试乙") -> bool:
    async with store.begin() as tx:
        return await policies.put_in_force(tx, version, by=by, note="试行")


async def test_people_at_once_get_a_version_each(store: Store) -> None:
    versions = await asyncio.gather(*(drafted(store, count, by=f"测试{count}") for count in range(1, 6)))

    assert sorted(versions) == [2, 3, 4, 5, 6]


async def test_only_one_of_two_publications_is_made(store: Store) -> None:
    version = await drafted(store, 10)

    done = await asyncio.gather(*(put_in_force(store, version, by=f"测试{count}") for count in range(4)))

    assert sorted(done) == [False, False, False, True]


async def test_a_draft_is_not_in_force_until_it_is_published(store: Store) -> None:
    known = Policies()
    version = await drafted(store, 10)
    async with store.read() as conn:
        before = (await known.newest(conn)).version
    await put_in_force(store, version)
    async with store.read() as conn:
        after = (await known.newest(conn)).version

    assert (before, after) == (1, 2)


async def test_a_draft_is_kept_whole(store: Store) -> None:
    """What it leaves out is the default of the day it was kept, whatever the default becomes later."""
    async with store.begin() as tx:
        version = await policies.draft(tx, {"device_skew_min": 3}, by="测试甲")
    async with store.read() as conn:
        kept = await policies.find(conn, version)

    assert kept is not None
    assert kept.document == default_document() | {"device_skew_min": 3}


async def test_what_is_no_policy_is_not_kept(store: Store) -> None:
    with pytest.raises(BadPolicy):
        await drafted(store, -1)
    async with store.read() as conn:
        assert [kept.version for kept in await policies.history(conn)] == [1]


async def test_a_document_of_an_older_release_is_read(store: Store) -> None:
    """It has the limits and nothing else."""
    old = {name: value for name, value in default_document().items() if name.endswith(("_min", "share", "factor"))}
    async with store.begin() as tx:
        await tx.conn.execute(tables.policy.update().values(document=old))
    async with store.read() as conn:
        policy = await Policies().newest(conn)

    assert (policy.version, policy.stop_payment.most_holds) == (1, 2)


async def test_an_older_document_gets_the_limits_that_were_added(store: Store) -> None:
    """And keeps its own; a limit that the first release had is never filled in."""
    older = default_document()
    for said in older["limits_min"].values():
        del said["VISIT"], said["SECOND_ACK"]
    older["limits_min"]["HIGH"]["CONTACT"] = 7
    async with store.begin() as tx:
        await tx.conn.execute(tables.policy.insert().values(version=9, document=older, published_at=tx.now))
    async with store.read() as conn:
        policy = await Policies().version(conn, 9)

    assert [policy.limit(Risk.HIGH, kind) for kind in (TimerKind.VISIT, TimerKind.SECOND_ACK, TimerKind.CONTACT)] == [
        timedelta(minutes=count) for count in (10, 8, 7)
    ]
    del older["limits_min"]["LOW"]["ACK"]
    with pytest.raises(BadPolicy):
        async with store.begin() as tx:
            await policies.draft(tx, older, by="测试甲")
