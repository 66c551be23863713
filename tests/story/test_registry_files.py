"""The registry by its files through the HTTP door: first what would change, then just that, and out again unchanged."""

import io
import zipfile
from typing import Any

from centre import Centre

GRID_B = '{"type":"Polygon","coordinates":[[[-150,10],[-149.95,10],[-149.95,10.1],[-150,10.1],[-150,10]]]}'
HALVES = (
    '{"type":"FeatureCollection","features":['
    '{"type":"Feature","properties":{"id":"P1","title":"西所"},"geometry":' + GRID_B + "},"
    '{"type":"Feature","properties":{"title":"无代码"},"geometry":' + GRID_B + "}]}"
)
PEOPLE = (
    "警号,单位,姓名,post_lat,post_lon\nR11,P1,测试警员11,10.05,-149.96\n"
    "R13,P1,测试警员13,10.05,-149.97\nR99,P9,测试警员99,10.05,-149.97\n"
)
MAPPED = ["code=警号", "unit=单位", "name=姓名"]


async def sent(centre: Centre, who: str, kind: str, content: bytes, **query: Any) -> tuple[int, dict[str, Any]]:
    answer = await centre.client.post(
        f"/registry/files/{kind}", headers=centre.headers(who), content=content, params=query
    )
    return answer.status_code, answer.json()


async def test_a_file_is_written_only_as_it_was_shown(centre: Centre) -> None:
    bad, good = PEOPLE.encode("gb18030"), PEOPLE.rsplit("R99", 1)[0].encode()

    status, told = await sent(centre, "supervisor", "responders", bad, column=MAPPED, keep_others=True)
    assert (status, told["bad"], told["written"]) == (200, 1, False)
    (fault,) = told["faults"]
    assert (fault["line"], fault["flaw"], set(fault["reason"])) == (4, "UNKNOWN_UNIT", {"zh", "en"})

    _, told = await sent(centre, "supervisor", "responders", good, column=MAPPED)
    assert told["counts"] == {"responder.added": 1, "responder.changed": 1, "responder.ended": 3}
    assert sorted(told["leaving"]) == ["R12", "R21", "R22"]

    writing = {"column": MAPPED, "keep_others": True, "dry_run": False}
    assert (await sent(centre, "administrator", "responders", good, **writing))[0] == 428
    status, done = await sent(centre, "administrator", "responders", good, **writing, seen=told["seen"])
    assert (status, done["written"], done["counts"]) == (200, True, {"responder.added": 1, "responder.changed": 1})
    status, stale = await sent(centre, "administrator", "responders", good, **writing, seen=told["seen"])
    assert (status, stale["type"]) == (412, "/problems/stale-registry")

    people = (await centre.get("desk-1", "/units/P1")).json()["people"]
    assert [one["code"] for one in people] == ["R11", "R12", "R13"]
    assert (await centre.get("desk-2", "/units/P1")).status_code == 404


async def test_areas_come_from_a_geojson_with_any_properties(centre: Centre) -> None:
    status, told = await sent(
        centre, "supervisor", "jurisdictions", HALVES.encode(), column=["code=id", "name=title"], keep_others=True
    )

    assert (status, [one["flaw"] for one in told["faults"]]) == (200, ["MISSING"])
    assert told["counts"] == {"area.changed": 1, "unit.changed": 1}
    change = next(one for one in told["changes"] if one["kind"] == "unit")
    assert change["fields"]["name_zh"][1] == "西所"


async def test_what_is_given_out_changes_nothing_when_brought_in(centre: Centre) -> None:
    packed = (await centre.get("administrator", "/registry/files")).content
    found = zipfile.ZipFile(io.BytesIO(packed))

    assert found.namelist() == ["precinct.geojson", "responders.csv"]
    for name in found.namelist():
        kind = {"precinct.geojson": "jurisdictions"}.get(name, name.partition(".")[0])
        columns = ["code=code", "name=name"] if kind in ("jurisdictions", "stations") else []
        _, told = await sent(centre, "administrator", kind, found.read(name), column=columns)
        assert (kind, told["counts"], told["bad"]) == (kind, {}, 0)


async def test_a_file_that_is_none_says_why(centre: Centre) -> None:
    tries = [
        ("stations", b"a,b\n1,2\n", {}, (422, "bad-file", "no_column")),
        ("jurisdictions", b"{", {}, (422, "bad-file", "no_json")),
        ("responders", b"\x1f\x8bzip", {}, (422, "bad-file", "unreadable")),
        ("villages", b"a\n", {"column": ["nothing=a"]}, (422, "invalid", None)),
    ]
    for kind, content, query, wanted in tries:
        status, told = await sent(centre, "supervisor", kind, content, **query)
        assert (status, told["type"].rpartition("/")[2], told.get("why")) == wanted
    headers = centre.headers("supervisor") | {"content-length": str(33 * 1024 * 1024)}
    answer = await centre.client.post("/registry/files/villages", headers=headers, content=b"a")
    assert answer.status_code == 413


async def test_the_check_names_what_would_go_astray(centre: Centre) -> None:
    told = (await centre.get("supervisor", "/registry/check")).json()

    assert told["codes"]["without_people"] == []
    assert set(told["codes"]) >= {"without_area", "without_station", "heads_missing"}
