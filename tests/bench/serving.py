"""The api with three more routes behind the same door. A program of its own.

`POST nothing` takes a command as every other does and then does nothing; `GET bytes` answers bytes from memory; `GET plain`
is a case's status as it is usually written: an ORM session, a row of it, a model of the answer.
"""

import asyncio
import sys
from uuid import UUID

import uvloop
from fastapi import APIRouter
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services import log
from services.api.access import ACCESS
from services.api.app import make_app
from services.api.bodies import Plain
from services.api.identity import CaseReader
from services.api.routes.case_status import CaseStatus
from services.api.work import Answer, TheParts, Work, etag
from services.domain.refusals import CaseNotFound
from services.domain.states import State
from services.health import served
from services.settings import read_settings
from services.store.tables import CaseRow
from services.wiring import opened
from tests.bench.inside import as_served

NOTHING = Plain()
STATUS = b'{"state": "ASSIGNED"}'.ljust(350)  # as long as a status


async def nothing(case_id: UUID, work: Work, body: Plain = NOTHING) -> Answer:
    assert work.turn is not None
    work.response.headers["etag"] = etag(work.turn)
    return Answer(case_id=case_id, state=State.ACKNOWLEDGED, version=1, turn=work.turn, at=work.parts.clock.now())


async def from_memory(case_id: UUID) -> Response:
    return Response(STATUS, media_type="application/json", headers={"etag": etag(2)})


async def by_session(case_id: UUID, parts: TheParts, reader: CaseReader) -> CaseStatus:
    async with parts.store.read() as conn, AsyncSession(bind=conn) as session:
        question = select(CaseRow).where(CaseRow.case_id == case_id, CaseRow.assigned_unit == reader.unit)
        row = (await session.exec(question)).one_or_none()
        if row is None:
            raise CaseNotFound()
        due_at = row.total_due_at
        return CaseStatus(
            **{name: getattr(row, name) for name in CaseStatus.model_fields if name not in ("case_id", "overdue")},
            case_id=case_id,
            overdue=due_at is not None and due_at <= parts.clock.now(),
        )


async def run(port: int) -> None:
    """Serve until the process is stopped."""
    settings = read_settings()
    log.set_up(process="api")
    async with opened(settings, name="api") as parts:
        app = make_app(parts)
        app.post("/cases/{case_id}/nothing")(nothing)
        questions = APIRouter()
        questions.get("/cases/{case_id}/bytes")(from_memory)
        questions.get("/cases/{case_id}/plain")(by_session)
        app.include_router(questions)
        command, question = ACCESS["POST /cases/{case_id}/acknowledgement"], ACCESS["GET /cases/{case_id}/status"]
        app.state.access = {
            **app.state.access,
            "POST /cases/{case_id}/nothing": command,
            "GET /cases/{case_id}/bytes": question,
            "GET /cases/{case_id}/plain": question,
        }
        as_served()
        noting = asyncio.create_task(app.state.reads.keep())  # what is read goes on record here, too
        async with served(app, host="127.0.0.1", port=port):
            await noting


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1])))
