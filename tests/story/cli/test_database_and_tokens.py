"""db and token: the schema comes and is checked, secrets are shown once and end when revoked."""

import json
import sqlite3
from pathlib import Path

from services.store.tokens import digest
from tests.story.cli.conftest import Quanzu


def test_upgrade_makes_what_check_asks_for(quanzu: Quanzu) -> None:
    assert quanzu("db", "check").code == 1

    assert quanzu("db", "upgrade").code == 0
    assert quanzu("db", "upgrade").code == 0

    answer = quanzu("db", "check", "--json")
    assert (answer.code, json.loads(answer.out)) == (0, {"current": True, "differences": []})


def test_check_tells_a_table_that_differs(installed: Quanzu, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "quanzu.db") as database:
        database.execute("DROP TABLE duty")
    database.close()

    answer = installed("--json", "db", "check")

    assert answer.code == 1
    assert "duty" in json.loads(answer.out)["differences"][0]


def test_a_token_is_shown_once_and_kept_as_a_digest(installed: Quanzu, tmp_path: Path) -> None:
    secret = installed("token", "add", "centre-1", "--role", "operator").out.strip()

    listed = installed("token", "list", "--json").out
    with sqlite3.connect(tmp_path / "quanzu.db") as database:
        kept = database.execute("SELECT digest FROM token").fetchone()[0]
    database.close()
    assert secret.startswith("qz_")
    assert secret not in listed
    assert json.loads(listed)[0]["name"] == "centre-1"
    assert kept == digest(secret)


def test_a_revoked_token_is_listed_as_revoked(installed: Quanzu) -> None:
    installed("token", "add", "centre-1", "--role", "operator")

    assert installed("token", "revoke", "centre-1").code == 0

    assert json.loads(installed("token", "list", "--json").out)[0]["revoked_at"]
    assert installed("token", "revoke", "centre-1").code == 1


def test_a_desk_needs_a_unit_that_exists(installed: Quanzu) -> None:
    assert installed("token", "add", "desk", "--role", "desk").code == 2
    assert installed("token", "add", "desk", "--role", "desk", "--unit", "NONE").code == 2


def test_a_device_needs_a_responder_that_exists(installed: Quanzu) -> None:
    """A code nobody has would send positions that nobody ever sees."""
    assert installed("token", "add", "phone", "--role", "device").code == 2
    refused = installed("token", "add", "phone", "--role", "device", "--responder", "R-404")

    assert (refused.code, "R-404" in refused.err) == (2, True)


def test_config_shows_origins_and_hides_secrets(quanzu: Quanzu) -> None:
    rows = {row["setting"]: row for row in json.loads(quanzu("--kafka", "h:1", "config", "show", "--json").out)}

    assert rows["QUANZU_KAFKA"]["from"] == "--kafka"
    assert rows["QUANZU_DATABASE"]["from"] == "environment"
    assert rows["QUANZU_SMALL_N"]["from"] == "default"
    assert rows["QUANZU_MASTER_KEYS"]["value"] == "(set)"


def test_config_never_shows_the_database_password(quanzu: Quanzu) -> None:
    answer = quanzu("--database", "postgresql://a:secret-word@h:1/x", "config", "show")

    assert answer.code == 0
    assert "secret-word" not in answer.out


def test_doctor_fails_with_the_fix_beside_it(quanzu: Quanzu) -> None:
    answer = quanzu("doctor")

    assert answer.code == 1
    assert "✔ settings" in answer.out
    assert "✖ database" in answer.out
    assert "→  quanzu db upgrade" in answer.out


def test_doctor_is_content_with_a_fresh_installation(installed: Quanzu) -> None:
    answer = installed("doctor", "--json")

    assert answer.code == 0
    assert {one["name"]: one["well"] for one in json.loads(answer.out)}["schema"] is True
