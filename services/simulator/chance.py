"""How long things take and how often they happen in the simulation. Draws from a given Random, keeps none."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from random import Random
from typing import TypeVar

Thing = TypeVar("Thing")
Shares = Mapping[Thing, int]  # of a hundred


@dataclass(frozen=True, slots=True, kw_only=True)
class Lognormal:
    """A quantity that is never negative and sometimes large; `mean` is the mean of the quantity itself."""

    mean: float
    sigma: float  # of its logarithm

    def draw(self, rng: Random) -> float:
        return rng.lognormvariate(log(self.mean) - self.sigma**2 / 2, self.sigma)


def one_of(rng: Random, shares: "Shares[Thing]") -> Thing:
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def happens(rng: Random, share: int) -> bool:
    """True in `share` of a hundred draws."""
    return rng.random() * 100 < share
