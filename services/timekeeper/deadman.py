"""The dead man's switch: a sign of life to an address of the administrator's own, only while time is kept.

Whoever listens there (healthchecks.io, a second centre's monitor) raises the alarm when the signs stop, also where
this whole machine is gone. The address may hold a secret: no log line, metric or error has more of it than its host.
"""

import asyncio
import logging
from urllib.parse import urlsplit

import httpx2
import structlog

from services.outgoing import OWN, Guarded
from services.timekeeper import metrics
from services.timekeeper.progress import Progress
from services.wiring import Parts

log = structlog.get_logger(__name__)
logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log the whole address

WITHIN_S = 10.0


async def keep_pinging(parts: Parts, progress: Progress) -> None:
    """A GET every period, once every loop has looked since the last one. Until it is cancelled."""
    url = parts.settings.deadman_url.get_secret_value()
    period_s = parts.settings.deadman_s
    async with httpx2.AsyncClient(timeout=WITHIN_S, trust_env=False, transport=Guarded(OWN)) as client:
        while True:
            await asyncio.sleep(period_s)  # real seconds: outside nobody knows a faster clock
            if progress.still_s() < period_s:
                await _ping(client, url)
            else:
                metrics.PINGED["withheld"].inc()
                log.warning("deadman.withheld", action="deadman.withheld", still_s=round(progress.still_s()))


async def _ping(client: httpx2.AsyncClient, url: str) -> None:
    try:
        async with asyncio.timeout(WITHIN_S):  # the client's own limit is for each step
            answer = await client.get(url)
        why = None if answer.is_success else str(answer.status_code)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError, UnicodeError) as error:
        why = type(error).__name__
    metrics.PINGED["sent" if why is None else "failed"].inc()
    if why is not None:
        log.warning("deadman.failed", action="deadman.failed", host=urlsplit(url).hostname, reason=why)
