"""Prometheus's programs, for the tests of what is watched."""

import os
from pathlib import Path

import pytest

from deploy.native.processes import MissingError
from deploy.native.prometheus import find


@pytest.fixture(scope="session")
def promtool() -> Path:
    """promtool, and with it prometheus. On CI a missing one is a failure; elsewhere it is one line."""
    try:
        find("prometheus")
        return find("promtool")
    except MissingError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
