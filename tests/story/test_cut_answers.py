"""Parts of an answer, and an answer that is not sent twice: names judged, masks kept, 304 only while nothing changed."""

from typing import Any

import pytest
from centre import NAME, PHONE, Centre, minute
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from services.api.fields import wanted_of
from services.api.routes.cases import Timeline


async def test_only_the_named_parts_come_and_masks_stay(centre: Centre) -> None:
    case = await centre.warn()
    await centre.warn()

    one = (await centre.get("operator", f"/cases/{case}", params={"fields": "turn,limits.kind,person.name"})).json()
    page = (await centre.get("operator", "/cases", params={"fields": "case_id, person.phone", "limit": "1"})).json()
    whole = (await centre.get("operator", f"/cases/{case}", params={"fields": "person.name,person"})).json()

    assert one.keys() == {"turn", "limits", "person"}
    assert all(limit.keys() == {"kind"} for limit in one["limits"])
    assert one["person"].keys() == {"name"}
    assert page["next"]
    (line,) = page["items"]
    assert line.keys() == {"case_id", "person"}
    assert line["person"].keys() == {"phone"}
    assert len(whole["person"]) > 1
    assert not any(hidden in str((one, page, whole)) for hidden in (NAME, PHONE))


@pytest.mark.parametrize(
    ("said", "faults"),
    [
        ("turn,sate", [("/query/fields/1", "state")]),
        ("person.fone", [("/query/fields/0", "person.phone")]),
        ("turn.more", [("/query/fields/0", "turn")]),
        ("", [("/query/fields/0", None)]),
        ("199-0000-0001", [("/query/fields/0", None)]),
        ("a.b.c.d.e.f.g.h.i.j.k", [("/query/fields/0", None)]),
        ("__class__,turn", [("/query/fields/0", None)]),
    ],
)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_an_unknown_part_is_refused_with_the_nearest(
    centre: Centre, said: str, faults: list[tuple[str, str | None]]
) -> None:
    case = await centre.warn()

    answer = await centre.get("operator", f"/cases/{case}", params={"fields": said})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert [(one["pointer"], one["nearest"]) for one in answer.json()["errors"]] == faults
    assert not said or said not in answer.text


def test_a_list_without_end_of_names_is_refused_in_no_time() -> None:
    with pytest.raises(RequestValidationError):
        wanted_of(",".join(["version"] * 100_000), Timeline)


async def test_every_described_get_can_be_cut(centre: Centre) -> None:
    document = (await centre.client.get("/openapi.json")).json()
    told = {
        path: {one["name"] for one in about["get"].get("parameters", [])}
        for path, about in document["paths"].items()
        if "get" in about and "application/json" in about["get"]["responses"].get("200", {}).get("content", {})
    }

    assert len(told) > 30
    assert [path for path, names in told.items() if not {"fields", "If-None-Match"} <= names] == []
    assert "304" in document["paths"]["/cases"]["get"]["responses"]
    assert "fields" not in str(document["paths"]["/search"]["post"].get("parameters"))


async def test_what_is_unchanged_is_not_sent_again(centre: Centre) -> None:
    case = await centre.warn()
    path = f"/cases/{case}"

    async def ask(tag: str, who: str = "operator", **more: Any) -> Any:
        return await centre.get(who, path, headers={"if-none-match": tag}, **more)

    first = await centre.get("operator", path)
    tag = first.headers["etag"]
    centre.clock.move_to(minute(0.1))  # seconds run on
    same = await ask(f'"other", {tag}')
    other_part = await ask(tag, params={"fields": "turn"})
    other_reader = await ask(tag, "R11")

    assert tag.startswith('W/"2.')
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert "content-length" not in same.headers
    assert (other_part.status_code, other_reader.status_code) == (200, 304)  # whoever sees the same has the same
    await centre.do("R11", case, "acknowledgement")
    assert (await ask(tag)).status_code == 200
    assert (await ask(tag, "R11")).json()["person"]["name"] == NAME


async def test_a_limit_that_comes_at_risk_is_a_change(centre: Centre) -> None:
    case = await centre.warn()
    tag = (await centre.get("operator", f"/cases/{case}")).headers["etag"]
    centre.clock.move_to(minute(2.5))  # three quarters of three minutes

    answer = await centre.get("operator", f"/cases/{case}", headers={"if-none-match": tag})

    assert answer.status_code == 200


async def test_the_tag_of_an_answer_is_taken_by_a_command(centre: Centre) -> None:
    case = await centre.warn()
    tag = (await centre.get("R11", f"/cases/{case}")).headers["etag"]

    headers = centre.headers("R11") | {"idempotency-key": "k", "if-match": tag}
    done = await centre.client.post(f"/cases/{case}/acknowledgement", headers=headers)
    late = await centre.client.post(f"/cases/{case}/acknowledgement", headers=headers | {"idempotency-key": "l"})

    assert (done.status_code, late.status_code) == (200, 412)


async def test_an_answer_that_is_not_sent_again_is_on_record(centre: Centre) -> None:
    case = await centre.warn()
    tag = (await centre.get("operator", f"/cases/{case}")).headers["etag"]
    waiting = len(centre.app.state.reads._waiting)

    await centre.get("operator", f"/cases/{case}", headers={"if-none-match": tag})

    assert len(centre.app.state.reads._waiting) == waiting + 1


def test_names_in_a_map_are_no_parts() -> None:
    class Counted(BaseModel):
        by_name: dict[str, Timeline]

    assert wanted_of("by_name", Counted).parts == {"by_name": None}
    with pytest.raises(RequestValidationError):
        wanted_of("by_name.items", Counted)
