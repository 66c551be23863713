"""The page of docs/ on security: docs/asvs.csv in both languages, with how many of its requirements are met.

The table is written by hand; the page is drawn from it by `described`. It judges nothing.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from services.cli.markdown import codes, table
from services.domain.located import Language

TABLE: Final = Path(__file__).parents[2] / "docs" / "asvs.csv"
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "met": ("满足", "met"),
    "partly": ("部分满足", "partly"),
    "not_met": ("未满足", "not met"),
    "elsewhere": ("由部署方负责", "the operator's"),
    "not_applicable": ("不适用", "does not apply"),
}
CHAPTERS: Final[Mapping[str, tuple[str, str]]] = {
    "1": ("编码与净化", "Encoding and sanitising"),
    "2": ("校验与业务逻辑", "Validation and the logic of the work"),
    "3": ("网页", "Pages"),
    "4": ("接口", "The API"),
    "5": ("文件", "Files"),
    "6": ("认证", "Who somebody is"),
    "7": ("会话", "Sessions"),
    "8": ("授权", "Who may what"),
    "9": ("自包含令牌", "Self-contained tokens"),
    "10": ("OAuth 与 OIDC", "OAuth and OIDC"),
    "11": ("密码学", "Cryptography"),
    "12": ("通信", "On the way"),
    "13": ("配置", "Configuration"),
    "14": ("数据保护", "Protection of data"),
    "15": ("架构与代码", "Architecture and code"),
    "16": ("日志与错误", "Logs and errors"),
    "17": ("WebRTC", "WebRTC"),
}
TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("安全要求对照", "What security asks, and where it is answered"),
    "about": (
        "OWASP ASVS 5.0.0 全部 {count} 条 1、2 级要求,编号与级别取自其发布的 CSV,说明为自己的话;"
        "机器可读的表是 `docs/asvs.csv`。",
        "All {count} requirements of levels 1 and 2 of OWASP ASVS 5.0.0, by the ids and levels of its published CSV, in"
        " words of our own. For machines the table is `docs/asvs.csv`.",
    ),
    "id": ("编号", "id"),
    "level": ("级别", "level"),
    "state": ("状态", "state"),
    "how": ("如何做到", "how"),
    "control": ("在哪里", "where"),
    "test": ("由何测试", "tried by"),
    "count": ("条数", "how many"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One line: whether it is met, by which files, tried by which tests (as pytest names them)."""

    id: str
    level: int
    state: str
    control: tuple[str, ...]
    test: tuple[str, ...]
    zh: str
    en: str

    @property
    def chapter(self) -> str:
        return self.id.partition(".")[0]


def requirements() -> list[Requirement]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [_requirement(row) for row in csv.DictReader(file)]


def _requirement(row: Mapping[str, str]) -> Requirement:
    control, test = tuple(row["control"].split()), tuple(row["test"].split())
    plain = {name: row[name] for name in ("id", "state", "zh", "en")}
    return Requirement(level=int(row["level"]), control=control, test=test, **plain)


def security(language: Language) -> Iterable[str]:
    """The page below its note, line by line."""
    found = requirements()
    counts = Counter(one.state for one in found)
    yield from (_say("about", language).format(count=len(found)), "")
    yield from table([_say(name, language) for name in ("state", "count")], _counted(counts, language))
    for chapter, those in groupby(found, key=lambda one: one.chapter):
        yield from ("", f"## {chapter} {_named(CHAPTERS[chapter], language)}", "")
        header = [_say(name, language) for name in ("id", "level", "state", "how", "control", "test")]
        yield from table(header, (_row(one, language) for one in those))


def _counted(counts: Mapping[str, int], language: Language) -> Iterable[Sequence[str]]:
    return ((_named(names, language), str(counts[state])) for state, names in STATES.items())


def _row(one: Requirement, language: Language) -> Sequence[str]:
    tests = (test.rpartition("/")[2] for test in one.test)
    state, said = _named(STATES[one.state], language), one.zh if language == "zh" else one.en
    return (one.id, str(one.level), state, said, codes(one.control), codes(tests))


def _named(names: tuple[str, str], language: Language) -> str:
    return names[0 if language == "zh" else 1]


def _say(key: str, language: Language) -> str:
    return _named(TEXTS[key], language)
