"""TLS to the servers we speak to: a context from certificate files, made anew when they change, and what went wrong in words.

It connects to nobody.
"""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import structlog

from services.settings import BadSetting

log = structlog.get_logger(__name__)


class Fault(StrEnum):
    """Why a server was not trusted, or did not trust us."""

    UNKNOWN_CA = "UNKNOWN_CA"
    EXPIRED = "EXPIRED"
    NOT_YET = "NOT_YET"
    OTHER_HOST = "OTHER_HOST"
    OURS = "OURS"  # it takes no certificate of ours, or not this one
    NO_TLS = "NO_TLS"
    TLS = "TLS"
    LOGIN = "LOGIN"
    NOT_ADMITTED = "NOT_ADMITTED"


WORDS: Mapping[Fault, str] = {
    Fault.UNKNOWN_CA: "its certificate is not from an authority that is trusted here",
    Fault.EXPIRED: "its certificate has expired",
    Fault.NOT_YET: "its certificate is not valid yet",
    Fault.OTHER_HOST: "its certificate is for another host name",
    Fault.OURS: "it refuses our certificate",
    Fault.NO_TLS: "it does not speak TLS there",
    Fault.TLS: "no TLS connection came about",
    Fault.LOGIN: "wrong user or password",
    Fault.NOT_ADMITTED: "it does not admit this user from here, or not without TLS",
}
_VERIFY: Mapping[int, Fault] = {  # OpenSSL's X509_V_ERR_…
    9: Fault.NOT_YET,
    10: Fault.EXPIRED,
    62: Fault.OTHER_HOST,
    64: Fault.OTHER_HOST,  # an address that the certificate does not name
}
_SQLSTATES: Mapping[str, Fault] = {"28P01": Fault.LOGIN, "28000": Fault.NOT_ADMITTED}
_OUR_CERTIFICATE = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")
_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")


@dataclass(slots=True, kw_only=True)
class Certificates:
    """Whom to trust and who we are, as PEM files. New connections see a file that was replaced; none needs a restart."""

    setting: str  # where the files are named: begins each complaint
    ca: Path | None = None  # None: whom the machine trusts
    certificate: Path | None = None
    key: Path | None = None  # None: it stands in the certificate's file
    verifies: bool = True
    checks_host: bool = True
    _seen: tuple[tuple[int, int, int], ...] | None = field(default=None, init=False)
    _context: ssl.SSLContext | None = field(default=None, init=False, repr=False)

    def context(self) -> ssl.SSLContext:
        """The context as the files are now; the one before where they can't be read. Raises BadSetting without one."""
        try:
            seen = tuple(
                _stamp(self.setting, path) for path in (self.ca, self.certificate, self.key) if path is not None
            )
            if self._context is None or seen != self._seen:
                self._context, self._seen = self._made(), seen
        except BadSetting as bad:
            if self._context is None:
                raise
            log.warning("certificates.kept", action="certificates.kept", reason=str(bad))  # half-way through a rotation
        return self._context

    def _made(self) -> ssl.SSLContext:
        context = self._trusting()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.key, password="")
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; its text names no content
                raise BadSetting(f"{self.setting}: {self.certificate} and its key do not fit together") from error
        return context

    def _trusting(self) -> ssl.SSLContext:
        if not self.verifies:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            return context
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError) as error:
            raise BadSetting(f"{self.setting}: {self.ca} holds no certificate that can be read") from error
        context.check_hostname = self.checks_host
        return context


def _stamp(setting: str, path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise BadSetting(f"{setting}: {path} can't be read ({error.strerror})") from error
    return found.st_ino, found.st_mtime_ns, found.st_size


def fault_of(error: BaseException) -> Fault | None:
    """What of trust stands behind an error; None where it is something else."""
    return next((fault for one in _behind(error) if (fault := _fault(one)) is not None), None)


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from; SQLAlchemy keeps the driver's as `orig`."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [getattr(one, "orig", None), one.__cause__, one.__context__]


def _fault(error: BaseException) -> Fault | None:
    if isinstance(found := getattr(error, "fault", None), Fault):
        return found
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY.get(error.verify_code, Fault.UNKNOWN_CA)
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        if "ALERT" in reason and any(word in reason for word in _OUR_CERTIFICATE):
            return Fault.OURS
        return Fault.NO_TLS if any(word in reason for word in _NOT_TLS) else Fault.TLS
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):  # asyncpg's words
        return Fault.NO_TLS
    return _SQLSTATES.get(getattr(error, "sqlstate", None) or "")
