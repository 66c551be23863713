"""The api with one more route, which takes a command as every other does and then does nothing. A program of its own."""

import asyncio
import sys
from uuid import UUID

import uvloop

from services import log
from services.api.access import ACCESS
from services.api.app import make_app
from services.api.bodies import Plain
from services.api.work import Answer, Work, etag
from services.domain.states import State
from services.health import served
from services.settings import read_settings
from services.wiring import opened
from tests.bench.inside import as_served

NOTHING = Plain()


async def nothing(case_id: UUID, work: Work, body: Plain = NOTHING) -> Answer:
    assert work.turn is not None
    work.response.headers["etag"] = etag(work.turn)
    return Answer(case_id=case_id, state=State.ACKNOWLEDGED, version=1, turn=work.turn, at=work.parts.clock.now())


async def run(port: int) -> None:
    """Serve until the process is stopped."""
    settings = read_settings()
    log.set_up(process="api")
    async with opened(settings, name="api") as parts:
        app = make_app(parts)
        app.post("/cases/{case_id}/nothing")(nothing)
        like = ACCESS["POST /cases/{case_id}/acknowledgement"]
        app.state.access = {**app.state.access, "POST /cases/{case_id}/nothing": like}
        as_served()
        async with served(app, host="127.0.0.1", port=port):
            await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1])))
