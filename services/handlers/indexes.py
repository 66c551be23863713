"""The blind indexes by which a person or an account is found again by its exact value, however it was written.

Spaces, dashes, full-width digits and the country's prefix make no other number. Opens nothing.
"""

import unicodedata

from services.store.sealing import Sealer

_BETWEEN = str.maketrans("", "", " \t-‐‑–—.()")
CHINA = "86"


def phone(sealer: Sealer, number: str | None) -> bytes | None:
    plain = _plain(number)
    if plain.startswith("+"):
        plain = plain[1:]
    elif plain.startswith("00"):
        plain = plain[2:]
    if len(plain) == 13 and plain.startswith(f"{CHINA}1"):
        plain = plain.removeprefix(CHINA)
    return sealer.blind("phone", plain) if plain else None


def account(sealer: Sealer, number: str | None) -> bytes | None:
    plain = _plain(number).upper()
    return sealer.blind("account", plain) if plain else None


def id_number(sealer: Sealer, number: str | None) -> bytes | None:
    """The same by which two warnings are of one person (`incoming.subject_key`)."""
    plain = (number or "").strip().upper()
    return sealer.blind("id_number", plain) if plain else None


def _plain(number: str | None) -> str:
    if not number:
        return ""
    return (number if number.isascii() else unicodedata.normalize("NFKC", number)).translate(_BETWEEN)
