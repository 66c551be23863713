"""The page for who runs it: every secret is in it, and every setting and command it names is there."""

import re

from pydantic import SecretStr

from services.cli.described import ROOT
from services.settings import Settings

PAGE = (ROOT / "docs" / "safekeeping.md").read_text("utf-8")
FIELDS = {f"QUANZU_{name.upper()}": field for name, field in Settings.model_fields.items()}


def test_every_secret_has_its_line_in_the_inventory() -> None:
    inventory = PAGE.partition("## Keys")[2].partition("\n## ")[0]
    secrets = {name for name, field in FIELDS.items() if field.annotation is SecretStr}

    assert secrets
    assert {name for name in secrets if f"`{name}`" not in inventory} == set()


def test_every_setting_that_is_named_exists() -> None:
    assert {name for name in re.findall(r"QUANZU_[A-Z0-9_]+", PAGE) if name not in FIELDS} == set()


def test_every_part_says_the_same_in_both_languages() -> None:
    for part in PAGE.split("\n## ")[1:]:
        assert re.search("[一-鿿]{8}", part), part[:40]
        assert re.search("[a-z]+ [a-z]+ [a-z]+", part), part[:40]


def test_how_soon_a_component_is_updated_is_written_down() -> None:
    within = [int(days) for days in re.findall(r"\| (\d+) days · \1 天 \|", PAGE)]

    assert within == sorted(within)
    assert len(within) == 4
    assert (ROOT / "deploy" / "requirements.txt").read_text().count("--hash=sha256:") > 100
