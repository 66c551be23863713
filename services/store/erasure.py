"""Forgetting the person of a case: the key, and whatever finds it again. SQL only; what figures need stays."""

from sqlalchemy import delete, select, update

from services.store import tables
from services.store.engine import Transaction

cases, stop_order, evidence = tables.cases, tables.stop_order, tables.evidence
case_link, received, withdrawal = tables.case_link, tables.received, tables.withdrawal


async def forget(tx: Transaction, row_id: int) -> None:
    """Without its key nothing that was sealed for the case opens, wherever it lies: facts, orders, evidence, backups' rows
    of these. Safe to repeat.
    """
    nothing = dict.fromkeys(("wrapped_key", "sealed", "subject_key", "phone_key", "account_key"))
    await tx.conn.execute(update(cases).where(cases.c.id == row_id).values(nothing))
    unfound = dict.fromkeys(("sealed", "account_key"))
    await tx.conn.execute(update(stop_order).where(stop_order.c.case_id == row_id).values(unfound))
    await tx.conn.execute(delete(case_link).where(case_link.c.case_id == row_id))
    await tx.conn.execute(update(received).where(received.c.case_id == row_id).values(subject_key=None))
    public = select(cases.c.case_id).where(cases.c.id == row_id).scalar_subquery()
    taken_back = update(withdrawal).where(withdrawal.c.case_id == public)
    await tx.conn.execute(taken_back.values(wrapped_key=None, sealed=None))


async def contents(tx: Transaction, row_id: int) -> list[str]:
    """Under which names its evidence lies outside the database."""
    return list((await tx.conn.execute(select(evidence.c.name).where(evidence.c.case_id == row_id))).scalars())
