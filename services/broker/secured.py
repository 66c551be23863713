"""From settings to the broker's address: the one place where its security is put together."""

from typing import Any

from services.broker.link import BrokerAddress
from services.settings import TLS_TO_KAFKA, BadSetting, Settings
from services.tls import Certificates


def address_of(settings: Settings) -> BrokerAddress:
    """The address of QUANZU_KAFKA. Raises BadSetting where its security can't work or is none."""
    settings.must_guard_broker()
    security: dict[str, Any] = {}
    if settings.kafka_security != "PLAINTEXT":
        security["security_protocol"] = settings.kafka_security
    if settings.kafka_security.startswith("SASL_"):
        security |= _login(settings)
    return BrokerAddress(bootstrap=settings.kafka, security=security, certificates=_certificates(settings))


def _login(settings: Settings) -> dict[str, Any]:
    password = settings.kafka_password.get_secret_value()
    for name, value in (("USER", settings.kafka_user), ("PASSWORD", password)):
        if not value:
            raise BadSetting(f"QUANZU_KAFKA_{name} is missing; QUANZU_KAFKA_SECURITY says {settings.kafka_security}")
    return {
        "sasl_mechanism": settings.kafka_mechanism,
        "sasl_plain_username": settings.kafka_user,
        "sasl_plain_password": password,
    }


def _certificates(settings: Settings) -> Certificates | None:
    if settings.kafka_security not in TLS_TO_KAFKA:
        return None
    if settings.kafka_key is not None and settings.kafka_certificate is None:
        raise BadSetting("QUANZU_KAFKA_KEY needs QUANZU_KAFKA_CERTIFICATE")
    certificates = Certificates(
        setting="QUANZU_KAFKA_CA or QUANZU_KAFKA_CERTIFICATE",
        ca=settings.kafka_ca,
        certificate=settings.kafka_certificate,
        key=settings.kafka_key,
    )
    certificates.context()  # a file that can't be used is told now
    return certificates
