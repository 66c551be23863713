"""Certificates of made-up authorities, good and bad, laid down as files."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

LONG_AGO = datetime.now(UTC) - timedelta(days=400)


@dataclass
class Authority:
    """One that signs; its files stand in `folder`, their names begin with `name`."""

    folder: Path
    name: str
    ca: trustme.CA = field(default_factory=trustme.CA)

    @property
    def root(self) -> Path:
        path = self.folder / f"{self.name}-ca.pem"
        self.ca.cert_pem.write_to_path(str(path))
        return path

    def sign(self, *hosts: str, common_name: str | None = None, expired: bool = False) -> tuple[bytes, bytes]:
        """Chain and key as PEM, the key in PKCS #8."""
        ends = {"not_before": LONG_AGO, "not_after": LONG_AGO + timedelta(days=1)} if expired else {}
        leaf = self.ca.issue_cert(*hosts, common_name=common_name, **ends)
        key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return b"".join(part.bytes() for part in leaf.cert_chain_pems), plain

    def keystore(self, name: str, pem: Iterable[bytes]) -> Path:
        """Key and chain in one file, which is replaced as a whole."""
        path = self.folder / f"{name}.pem"
        fresh = path.with_suffix(".new")
        fresh.write_bytes(b"".join(reversed(list(pem))))
        fresh.rename(path)
        return path
