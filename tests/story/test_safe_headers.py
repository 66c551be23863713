"""What every answer tells the browser, whatever it answers."""

import httpx2
from centre import Centre

from services.api.edge import SAFE_HEADERS


async def test_every_answer_has_the_safe_headers_and_its_type(centre: Centre) -> None:
    case = await centre.warn()
    desk = centre.headers("desk-1")
    asked: dict[str, httpx2.Response] = {
        "data": await centre.client.get(f"/cases/{case}", headers=desk),
        "nobody": await centre.client.get("/cases"),
        "not there": await centre.client.get("/nothing/here", headers=desk),
        "wrong verb": await centre.client.request("TRACE", f"/cases/{case}", headers=desk),
        "wrong body": await centre.client.post("/search", headers=desk, json={"x": 1}),
        "page": await centre.client.get("/login"),
        "description": await centre.client.get("/openapi.json"),
        "folder": await centre.client.get("/assets/", headers=desk),
    }

    for what, answer in asked.items():
        lacks = {name for name in SAFE_HEADERS if name not in answer.headers}
        assert (what, lacks) == (what, set())
        assert answer.headers["content-type"].partition(";")[0] in {
            "application/json",
            "application/problem+json",
            "text/html",
        }
    assert asked["data"].headers["cache-control"] == "no-store"
    assert asked["page"].headers["content-type"] == "text/html; charset=utf-8"
    assert (asked["wrong verb"].status_code, asked["folder"].status_code) == (405, 404)
    assert all("access-control-allow-origin" not in answer.headers for answer in asked.values())
    assert all("server" not in answer.headers for answer in asked.values())
