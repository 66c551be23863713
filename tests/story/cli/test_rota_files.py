"""rota: a dry run by default, bad rows named with their fix, and what goes out comes in again."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.story.cli.conftest import Answer, Quanzu

ZONE = ZoneInfo("Asia/Shanghai")
DAY = datetime.now(ZONE).date() + timedelta(days=2)  # the command line's clock is the real one


def day(number: int) -> str:
    return (DAY + timedelta(days=number)).isoformat()


@pytest.fixture
def staffed(installed: Quanzu, tmp_path: Path) -> Quanzu:
    """Two precincts with three people and one."""
    database = sqlite3.connect(tmp_path / "quanzu.db")
    with database:
        for code in ("P1", "P2"):
            database.execute(
                "INSERT INTO unit (code, kind, name_zh, name_en) VALUES (?, 'precinct', ?, ?)", (code, code, code)
            )
        for code, unit in (("R1", "P1"), ("R2", "P1"), ("R3", "P1"), ("R9", "P2")):
            database.execute(
                "INSERT INTO responder (code, unit, name, grade, post_lat, post_lon) VALUES (?, ?, '测试', 'officer', 19, 131)",
                (code, unit),
            )
    database.close()
    return installed


def write(folder: Path, text: str, name: str = "duty.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def three_shifts(days: int = 3) -> str:
    rows = [
        f"R{number},{day(one)},{shift}"
        for one in range(days)
        for number, shift in enumerate(("00:00-08:00", "08:00-16:00", "16:00-24:00"), 1)
    ]
    return "\n".join(["responder,date,shift", *rows]) + "\n"


def told(answer: Answer) -> dict[str, object]:
    document: dict[str, object] = json.loads(answer.out)
    return document


def test_a_dry_run_of_a_rota_writes_nothing(staffed: Quanzu, tmp_path: Path) -> None:
    path = write(tmp_path, three_shifts())

    summary = told(staffed("rota", "import", path, "--json"))

    assert (summary["units"], summary["added"], summary["bad"], summary["written"]) == (1, 9, 0, False)
    assert json.loads(staffed("rota", "show", "--week", day(0), "--json").out) == []


def test_a_committed_rota_is_there_once_however_often(staffed: Quanzu, tmp_path: Path) -> None:
    path = write(tmp_path, three_shifts())

    first, second = (told(staffed("rota", "import", path, "--commit", "--json")) for _ in range(2))

    assert (first["added"], first["changed"]) == (9, 1)
    assert (second["added"], second["withdrawn"], second["changed"]) == (0, 0, 0)
    at = json.loads(staffed("rota", "show", "--at", f"{day(1)} 08:00", "--json").out)
    assert [one["responder"] for one in at] == ["R2"]
    assert "R2" in staffed("rota", "show", "--at", f"{day(1)} 15:59").out


def test_a_mended_rota_takes_the_place_of_the_old_one(staffed: Quanzu, tmp_path: Path) -> None:
    staffed("rota", "import", write(tmp_path, three_shifts()), "--commit")
    mended = three_shifts().replace(f"R2,{day(1)}", f"R3,{day(1)}")

    summary = told(staffed("rota", "import", write(tmp_path, mended), "--commit", "--json"))

    assert (summary["added"], summary["withdrawn"]) == (1, 1)
    at = json.loads(staffed("rota", "show", "--at", f"{day(1)} 08:00", "--json").out)
    assert [one["responder"] for one in at] == ["R3"]


@pytest.mark.parametrize("form", ["--csv", "--ical"])
def test_what_is_written_out_comes_in_again(staffed: Quanzu, tmp_path: Path, form: str) -> None:
    staffed("rota", "import", write(tmp_path, three_shifts()), "--commit")
    words = ["rota", "export", form, "--week", day(0), "--days", "3"]
    out = staffed(*words).out
    path = write(tmp_path, out, "out.ics" if form == "--ical" else "out.csv")
    given = ["--ical", path] if form == "--ical" else [path]

    summary = told(staffed("rota", "import", *given, "--commit", "--json"))

    assert (summary["bad"], summary["units"]) == (0, 1)
    assert staffed(*words).out == out
    again = told(staffed("rota", "import", *given, "--commit", "--json"))
    assert again["changed"] == 0


def test_bad_rows_of_a_rota_are_named_and_stop_the_writing(staffed: Quanzu, tmp_path: Path) -> None:
    rows = [
        "人员,开始,结束,类型,单位",
        f"R1,{day(0)} 08:00,{day(0)} 16:00,,",
        f"R1,{day(0)} 12:00,{day(0)} 18:00,,",
        f"R7,{day(0)} 08:00,{day(0)} 16:00,,",
        f"R2,{day(0)} 16:00,{day(0)} 08:00,,",
        f"R2,{day(0)} 08:00,tomorrow,,",
        f"R3,{day(0)} 08:00,{day(1)} 08:00,钓鱼,",
        f"R9,{day(0)} 08:00,{day(1)} 08:00,请假,P1",
        f",{day(0)} 08:00,{day(1)} 08:00,,",
        f"R3,{day(0)} 08:00,{day(9)} 08:00,,",
    ]
    path = write(tmp_path, "\n".join(rows), encoding="gb18030")

    answer = staffed("rota", "import", path, "--commit", "--json")

    summary = told(answer)
    faults = summary["faults"]
    assert isinstance(faults, list)
    assert (answer.code, summary["written"]) == (1, False)
    assert [fault["line"] for fault in faults] == list(range(3, 11))
    assert all(fault["reason"] and fault["fix"] for fault in faults)
    assert json.loads(staffed("rota", "show", "--week", day(0), "--json").out) == []
    assert "overlaps" in staffed("rota", "import", path).out


def test_leave_from_a_file_leaves_a_hole_that_is_told(staffed: Quanzu, tmp_path: Path) -> None:
    staffed("rota", "import", write(tmp_path, three_shifts()), "--commit")
    leave = f"responder,starts,ends,kind\nR2,{day(0)} 10:00,{day(0)} 12:00,leave\n"

    summary = told(staffed("rota", "import", write(tmp_path, leave), "--commit", "--json"))

    clock = f"{day(0)[5:]}"
    assert f"P1: nobody is on duty {clock} 10:00–{clock} 12:00" in summary["lines"]


def test_groups_from_a_file_turn_through_a_pattern(staffed: Quanzu, tmp_path: Path) -> None:
    path = write(tmp_path, "responder,group,pattern\nR1,A,three-shifts\nR2,B,three-shifts\nR3,C,three-shifts\n")

    first = told(staffed("rota", "import", path, "--commit", "--json"))
    second = told(staffed("rota", "import", path, "--commit", "--json"))

    week = json.loads(staffed("rota", "show", "--week", day(0), "--unit", "P1", "--json").out)
    gaps = json.loads(staffed("rota", "gaps", "--json").out)
    assert (first["rotations"], second["changed"]) == (1, 0)
    assert len(week) == 21
    assert {gap["unit"] for gap in gaps} == {"P2"}


def test_the_watch_that_nobody_keeps_is_a_gap(staffed: Quanzu) -> None:
    gaps = json.loads(staffed("rota", "gaps", "--unit", "P2", "--json").out)

    (gap,) = gaps
    hours = datetime.fromisoformat(gap["ends_at"]) - datetime.fromisoformat(gap["starts_at"])
    assert hours == timedelta(hours=72)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("BEGIN:VEVENT", "is no iCalendar file"),
        ("\x00\x01\x02", "is no iCalendar file"),
        (None, "is not there"),
    ],
)
def test_an_unreadable_calendar_is_wrong_use(staffed: Quanzu, tmp_path: Path, content: str | None, why: str) -> None:
    path = tmp_path / "duty.ics"
    if content is not None:
        path.write_text(content)

    answer = staffed("rota", "import", "--ical", path)

    assert (answer.code, why in answer.err) == (2, True), answer


def test_another_programs_calendar_is_read_by_its_summaries(staffed: Quanzu, tmp_path: Path) -> None:
    start = datetime.combine(DAY, datetime.min.time(), tzinfo=ZONE).astimezone(UTC)
    events = [
        f"SUMMARY:R1 夜班\nDTSTART:{start:%Y%m%dT%H%M%SZ}\nDTEND:{start + timedelta(hours=8):%Y%m%dT%H%M%SZ}",
        f"SUMMARY:R2\nDTSTART;TZID=Asia/Shanghai:{DAY:%Y%m%d}T080000\nDTEND;TZID=Asia/Shanghai:{DAY:%Y%m%d}T160000",
        f"SUMMARY:R3\nDTSTART:{DAY:%Y%m%d}T160000\nDTEND:{DAY:%Y%m%d}T180000\nRRULE:FREQ=DAILY",
        f"SUMMARY:R3\nDTSTART:{DAY:%Y%m%d}T160000",
        "SUMMARY:R3\nDTSTART:nonsense\nDTEND:nonsense",
        "SUMMARY:",
    ]
    body = "\n".join(f"BEGIN:VEVENT\nUID:{number}\n{event}\nEND:VEVENT" for number, event in enumerate(events))
    path = write(
        tmp_path, f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{body}\nEND:VCALENDAR\n".replace("\n", "\r\n"), "d.ics"
    )

    summary = told(staffed("rota", "import", "--ical", path, "--json"))

    faults = summary["faults"]
    assert isinstance(faults, list)
    assert (summary["added"], [fault["line"] for fault in faults]) == (2, [3, 4, 5, 6])


@pytest.mark.parametrize(
    "words",
    [
        ["import"],
        ["import", "a.csv", "--ical", "b.ics"],
        ["import", "nothing.csv"],
        ["show", "--at", "noon"],
        ["show", "--week", "2026-13-01"],
        ["show", "--at", "2026-01-01 08:00", "--week", "2026-01-01"],
        ["show", "--unit", "none"],
        ["export"],
        ["export", "--ical", "--csv"],
    ],
)
def test_wrong_use_of_the_rota_is_said_in_one_line(staffed: Quanzu, words: list[str]) -> None:
    answer = staffed("rota", *words)

    assert answer.code == 2
    assert answer.err.count("\n") == 1


def test_a_time_zone_that_is_none_is_named(installed: Quanzu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANZU_TIME_ZONE", "Mars/Olympus")

    answer = installed("rota", "show")

    assert (answer.code, answer.err) == (2, "QUANZU_TIME_ZONE: use a name such as Asia/Shanghai\n")
