"""Which settings are safe enough for production, and what is said of those that can't work."""

from pathlib import Path
from typing import Any

import pytest

from services.broker.secured import address_of
from services.settings import BadSetting, read_settings
from services.store.engine import driver_url
from services.store.secured import without_tls
from tests.certificates import Authority

AWAY = "postgresql://u:p@db.example:5432/quanzu"


@pytest.mark.parametrize(
    "database",
    [
        AWAY,
        f"{AWAY}?sslmode=require",
        f"{AWAY}?sslmode=verify-ca&sslrootcert=/ca.pem",
        f"{AWAY}?sslmode=verify-full&sslmode=disable",
        "postgresql://u:p@10.0.0.5/quanzu",
        "postgresql://u:p@/quanzu?host=127.0.0.1:5432,db.example:5432",
        "postgresql://u:p@127.0.0.1/quanzu?host=db.example",
    ],
)
def test_production_refuses_a_database_that_is_not_checked(database: str) -> None:
    with pytest.raises(BadSetting, match=r"QUANZU_DATABASE: .* is another machine: add .sslmode=verify-full"):
        read_settings(database=database).must_guard_database()

    read_settings(database=database, production=False).must_guard_database()
    read_settings(database=database, unencrypted=True).must_guard_database()


@pytest.mark.parametrize(
    "database",
    [
        "sqlite:///var/quanzu.db",
        "postgresql://u:p@127.0.0.1/quanzu",
        "postgresql://u:p@localhost:5432/quanzu",
        "postgresql://u:p@[::1]:5432/quanzu",
        "postgresql://u:p@/quanzu?host=/var/run/postgresql",
        f"{AWAY}?sslmode=verify-full&sslrootcert=/ca.pem",
    ],
)
def test_production_takes_what_nobody_can_listen_to(database: str) -> None:
    read_settings(database=database).must_guard_database()


@pytest.mark.parametrize("security", ["PLAINTEXT", "SASL_PLAINTEXT"])
def test_production_refuses_a_broker_without_tls(security: str) -> None:
    given: dict[str, Any] = {"kafka_security": security, "kafka_user": "u", "kafka_password": "p"}
    with pytest.raises(BadSetting, match=r"QUANZU_KAFKA: kafka\.example is another machine"):
        address_of(read_settings(kafka="127.0.0.1:9092,kafka.example:9092", **given))

    assert address_of(read_settings(kafka="127.0.0.1:9092", **given)).bootstrap == "127.0.0.1:9092"
    assert address_of(read_settings(kafka="kafka.example:9092", unencrypted=True, **given)).certificates is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kafka_security": "TLS"}, "QUANZU_KAFKA_SECURITY"),
        ({"kafka_mechanism": "PLAIN"}, "QUANZU_KAFKA_MECHANISM"),
        ({"kafka_security": "SASL_SSL"}, "QUANZU_KAFKA_USER is missing"),
        ({"kafka_security": "SASL_SSL", "kafka_user": "u"}, "QUANZU_KAFKA_PASSWORD is missing"),
        ({"kafka_security": "SSL", "kafka_key": "/key.pem"}, "QUANZU_KAFKA_KEY needs QUANZU_KAFKA_CERTIFICATE"),
        ({"kafka_security": "SSL", "kafka_ca": "/nowhere/ca.pem"}, "/nowhere/ca.pem can't be read"),
    ],
)
def test_a_broker_setting_that_cannot_work_is_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSetting, match=said) as bad:
        address_of(read_settings(kafka="kafka.example:9093", **given))

    assert "\n" not in str(bad.value)


def test_a_certificate_and_a_key_must_belong_together(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "ours")
    chain, _ = ours.sign("a.example")
    _, key = ours.sign("b.example")
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key)
    given = {"kafka_certificate": tmp_path / "chain.pem", "kafka_key": tmp_path / "key.pem", "kafka_ca": ours.root}

    with pytest.raises(BadSetting, match="do not fit together"):
        address_of(read_settings(kafka="kafka.example:9093", kafka_security="SSL", **given))


def test_a_password_is_in_no_repr() -> None:
    settings = read_settings(
        kafka="127.0.0.1:9092", kafka_security="SASL_PLAINTEXT", kafka_user="u", kafka_password="hush-hush"
    )

    assert "hush-hush" not in f"{settings!r} {address_of(settings)!r}"


def test_a_url_without_tls_words_is_left_as_it_is() -> None:
    url = driver_url(AWAY)

    assert without_tls(url) == (url, None)
