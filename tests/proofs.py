"""How much of a long proof is run: a small sample by `make test`, all of it by `make prove`."""

import os
from typing import TypeVar

import pytest

T = TypeVar("T")
FULL = os.environ.get("QUANZU_PROVE") == "full"
proof = pytest.mark.proof


def sized(sample: T, full: T) -> T:
    return full if FULL else sample
