"""Questions to the database of an installation, past everything of ours."""

import asyncio

import asyncpg


def ask(url: str, *questions: str) -> list[list[asyncpg.Record]]:
    """The answers of one snapshot of the database."""

    async def asked() -> list[list[asyncpg.Record]]:
        conn = await asyncpg.connect(url, timeout=10)
        try:
            async with conn.transaction(isolation="repeatable_read", readonly=True):
                return [await conn.fetch(question) for question in questions]
        finally:
            await conn.close()

    return asyncio.run(asked())
