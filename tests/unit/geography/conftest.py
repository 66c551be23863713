"""Where the public maps and incidents are found."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of public data; without it these tests are skipped, except where CI says that it must be there."""
    folder = Path(os.environ.get("QUANZU_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir() and os.environ.get("CI") != "true":
        pytest.skip(f"no test data in {folder}: set QUANZU_TEST_DATA")
    return folder
