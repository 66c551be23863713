"""The TLS of a database URL: libpq's sslmode, sslrootcert, sslcert and sslkey, which SQLAlchemy does not hand to asyncpg."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import URL

from services.settings import BadSetting
from services.tls import Certificates

OURS: Final = ("sslmode", "sslrootcert", "sslcert", "sslkey")
_UNCHECKED: Final = frozenset({"disable", "allow", "prefer"})
_MODES: Final[Mapping[str, tuple[bool, bool]]] = {  # whether the certificate is verified, and whether its host name is
    "require": (False, False),
    "verify-ca": (True, False),
    "verify-full": (True, True),
}


@dataclass(frozen=True, slots=True)
class Tls:
    """What a URL demands of each connection."""

    mode: str
    certificates: Certificates | None  # None: whoever answers is trusted, with TLS or without

    def given(self) -> dict[str, Any]:
        """asyncpg's own argument, with the certificates as they are now."""
        return {"ssl": self.mode if self.certificates is None else self.certificates.context()}


def without_tls(url: URL) -> tuple[URL, Tls | None]:
    """The URL without these words, and what they demand; None where it has none of them. Raises BadSetting.

    `sslrootcert=system`, as no file, is whom the machine trusts.
    """
    said = {name: str(url.query[name]) for name in OURS if name in url.query}
    bare = url.difference_update_query(OURS)
    if not said:
        return url, None
    mode = said.get("sslmode", "prefer")
    if mode in _UNCHECKED:
        return bare, Tls(mode, None)
    if mode not in _MODES:
        raise BadSetting("QUANZU_DATABASE: sslmode is one of disable, prefer, require, verify-ca, verify-full")
    verifies, checks_host = _MODES[mode]
    root = said.get("sslrootcert", "system")
    certificates = Certificates(
        setting="QUANZU_DATABASE",
        ca=None if root == "system" else Path(root),
        certificate=_path(said.get("sslcert")),
        key=_path(said.get("sslkey")),
        verifies=verifies or root != "system",  # as in libpq: `require` with a root verifies against it
        checks_host=checks_host,
    )
    certificates.context()  # a file that can't be used is told now
    return bare, Tls(mode, certificates)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
