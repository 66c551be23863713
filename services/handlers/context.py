"""What every handler needs besides the transaction: policies, keys, and the picture of who is where. No I/O of its own."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from schemas.warning import WarningIssued
from services.domain.choice import Rules
from services.domain.datum import Datum
from services.domain.fix import Fix, FixLimits
from services.domain.grids import Grids
from services.domain.jurisdiction import Jurisdictions
from services.domain.policy import Policy
from services.domain.roster import Roster
from services.domain.ways import Ways
from services.store.cases import Stored
from services.store.policies import Policies
from services.store.registry import Unit
from services.store.sealing import RowKey, Sealer
from services.store.staff import Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The map, who is on duty and can be told, and the policy that a case opens under, as of one moment; replaced whole,
    never changed.

    `stamp` tells one map from another.
    """

    jurisdictions: Jurisdictions
    grids: Grids = field(default_factory=lambda: Grids([]))
    roster: Roster
    units: dict[str, Unit]
    stamp: tuple[Any, ...]
    policy: Policy
    seats: tuple[Seat, ...] = ()  # who may sign in at a desk or in the centre
    muted: frozenset[str] = frozenset()  # units whose people get no notices


@dataclass(slots=True, kw_only=True)
class Context:
    """One process's parts. `picture` is swapped by `handlers.picture`; everything else stays."""

    policies: Policies
    sealer: Sealer
    picture: Picture
    source_datum: Datum
    edge_limit_m: float
    station_limit_m: float
    rules: Rules = field(default_factory=Rules)  # of choosing a responder
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))  # whose days and months count
    ways: Ways | None = None  # who knows how long a way takes; nobody: distance decides
    fix_limits: FixLimits = field(default_factory=FixLimits)
    fixes: Mapping[str, Fix] = field(default_factory=dict)  # the newest of each responder: see `handlers.positions`
    moved: set[str] = field(default_factory=set)  # who has another fix since the picture was drawn
    given: Counter[str] = field(default_factory=Counter)  # cases given out since the picture was drawn


def bound_to(case_id: UUID) -> bytes:
    """What a case's sealed warning is bound to."""
    return b"case\x1f" + case_id.bytes


def fact_bound_to(case_id: UUID, version: int) -> bytes:
    """What the sealed words of one fact are bound to."""
    return b"event\x1f" + case_id.bytes + version.to_bytes(4, "big")


def open_warning(sealer: Sealer, stored: Stored) -> WarningIssued | None:
    """The warning of a case with all that is personal in it; None where it was erased. Raises CannotOpen."""
    return unsealed_warning(sealer, stored.case.case_id, stored.wrapped_key, stored.sealed)


def unsealed_warning(
    sealer: Sealer, case_id: UUID, wrapped_key: bytes | None, sealed: bytes | None
) -> WarningIssued | None:
    """The same of a case of which no more is known."""
    if wrapped_key is None or sealed is None:
        return None
    return WarningIssued.model_validate_json(sealer.unwrap(wrapped_key).open(sealed, bound_to=bound_to(case_id)))


def key_of(sealer: Sealer, stored: Stored) -> RowKey | None:
    return None if stored.wrapped_key is None else sealer.unwrap(stored.wrapped_key)
