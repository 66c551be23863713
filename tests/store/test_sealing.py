"""What is sealed in a row opens there, with its keys, and nowhere else."""

import pytest
from sqlalchemy import update
from store_steps import SEALER, WARNING, opening, stored, write

from services.handlers.context import bound_to, open_warning
from services.store import tables
from services.store.engine import Store
from services.store.sealing import CannotOpen, Sealer


async def test_a_stored_warning_opens_in_its_row(store: Store) -> None:
    await write(store, opening("T-1"))

    warning = open_warning(SEALER, await stored(store, "T-1"))

    assert warning is not None
    assert warning.subject.phone == "199-0000-0001"


async def test_ciphertext_moved_to_another_row_does_not_open(store: Store) -> None:
    await write(store, opening("T-1"), opening("T-2"))
    other = await stored(store, "T-2")
    async with store.begin() as tx:
        await tx.conn.execute(
            update(tables.cases)
            .where(tables.cases.c.case_id == (opening("T-1").change.case.case_id))
            .values(wrapped_key=other.wrapped_key, sealed=other.sealed)
        )

    with pytest.raises(CannotOpen):
        open_warning(SEALER, await stored(store, "T-1"))


async def test_another_master_key_opens_nothing(store: Store) -> None:
    await write(store, opening("T-1"))

    with pytest.raises(CannotOpen):
        open_warning(Sealer([b"w" * 32], bytes(32)), await stored(store, "T-1"))


async def test_an_older_master_key_still_opens(store: Store) -> None:
    await write(store, opening("T-1"))

    warning = open_warning(Sealer([b"n" * 32, bytes(32)], bytes(32)), await stored(store, "T-1"))

    assert warning is not None


async def test_an_erased_key_forgets_the_person(store: Store) -> None:
    await write(store, opening("T-1"))
    async with store.begin() as tx:
        await tx.conn.execute(update(tables.cases).values(wrapped_key=None))

    assert open_warning(SEALER, await stored(store, "T-1")) is None


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_a_changed_byte_does_not_open(place: int) -> None:
    key = SEALER.new_key()
    sealed = bytearray(key.seal(WARNING, bound_to=b"row"))
    sealed[place] ^= 1

    with pytest.raises(CannotOpen):
        key.open(bytes(sealed), bound_to=b"row")


def test_a_changed_wrapped_key_does_not_unwrap() -> None:
    wrapped = SEALER.new_key().wrapped

    for place in range(len(wrapped)):
        with pytest.raises(CannotOpen):
            SEALER.unwrap(wrapped[:place] + bytes([wrapped[place] ^ 1]) + wrapped[place + 1 :])


def test_no_two_seals_are_alike() -> None:
    key = SEALER.new_key()

    assert key.seal(WARNING, bound_to=b"row") != key.seal(WARNING, bound_to=b"row")
    assert bound_to(opening("T-1").change.case.case_id) != bound_to(opening("T-2").change.case.case_id)


def test_a_blind_index_depends_on_kind_and_key() -> None:
    same = SEALER.blind("phone", "199-0000-0001")

    assert SEALER.blind("phone", "199-0000-0001") == same
    assert SEALER.blind("account", "199-0000-0001") != same
    assert Sealer([bytes(32)], b"i" * 32).blind("phone", "199-0000-0001") != same
