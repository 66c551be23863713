"""From a row of a table to the place of a warning: what is there is kept, what is unreadable is left out."""

from pathlib import Path
from typing import Any

import pytest

from services.cli.judging import Agreement
from services.cli.replay_rows import RowColumns, rows_of
from services.domain.datum import Datum

COLUMNS = RowColumns(
    lat="lat",
    lon="lon",
    region_code=None,
    county="county",
    address="address",
    label=None,
    fraud_type=None,
    id=None,
    at=None,
)


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ("19.0,131.0,,", {"point": {"lat": 19.0, "lon": 131.0, "datum": "GCJ02"}}),
        (",,墨汀县,柳岗村", {"address": "墨汀县柳岗村"}),
        (",,墨汀县,墨汀县柳岗村", {"address": "墨汀县柳岗村"}),
        (",,,柳岗村", {"address": "柳岗村"}),
        ("north,131,墨汀县,", {}),
    ],
)
def test_a_row_becomes_a_place(tmp_path: Path, cells: str, place: dict[str, Any]) -> None:
    path = tmp_path / "in.csv"
    path.write_text(f"lat,lon,county,address\n{cells}\n", "utf-8")

    (row,) = rows_of(path, COLUMNS, datum=Datum.GCJ02)

    assert row.place == place


def test_rows_without_a_label_are_not_judged() -> None:
    agreement = Agreement()

    judged = [agreement.judge(label, "A", "A1") for label in ("A", "A1", "B", "")]

    assert judged == [True, True, False, True]
    assert (agreement.labelled, agreement.right, agreement.rate) == (3, 2, 2 / 3)
    assert Agreement().rate is None
