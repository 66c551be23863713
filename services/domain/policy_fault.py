"""What is wrong with a policy document: where, what, and the nearest right word, told in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.domain.located import Language
from services.domain.value import replace

Path = tuple[str | int, ...]


class Flaw(StrEnum):
    MISSING = "MISSING"
    UNKNOWN = "UNKNOWN"  # a word that no policy has
    TWICE = "TWICE"  # the same word two times: which one is meant?
    TABLE = "TABLE"  # words with values are wanted here
    LIST = "LIST"
    WORD = "WORD"  # one of a closed list is wanted here
    NUMBER = "NUMBER"
    CLOCK = "CLOCK"
    YES_OR_NO = "YES_OR_NO"
    STAGES = "STAGES"  # the stages outgrow their total
    ORDER = "ORDER"  # a step comes before the one that it follows
    YAML = "YAML"


TEXTS: Mapping[Flaw, tuple[str, str]] = {
    Flaw.MISSING: ("{where} 缺失", "{where} is missing"),
    Flaw.UNKNOWN: ("{where} 不是策略用语", "{where} is no word of a policy"),
    Flaw.TWICE: ("{where} 出现了两次", "{where} is there twice"),
    Flaw.TABLE: ("{where} 下应为“键: 值”", "{where} must hold words with values"),
    Flaw.LIST: ("{where} 应为列表", "{where} must be a list"),
    Flaw.WORD: ("{where} 应为 {words} 之一", "{where} must be one of {words}"),
    Flaw.NUMBER: ("{where} 应为数字,且 {bounds}", "{where} must be a number with {bounds}"),
    Flaw.CLOCK: ("{where} 应为 00:00 至 23:59 的时刻", "{where} must be a time from 00:00 to 23:59"),
    Flaw.YES_OR_NO: ("{where} 应为 true 或 false", "{where} must be true or false"),
    Flaw.STAGES: (
        "{where}:各环节合计 {spent},总时限只有 {total}",
        "{where}: the stages take {spent}, the total is only {total}",
    ),
    Flaw.ORDER: ("{where} 早于它前面的一步", "{where} comes before the step that it follows"),
    Flaw.YAML: ("不是 YAML:{kind}", "this is no YAML: {kind}"),
}
LINE = ("第 {line} 行:", "line {line}: ")
NEAREST = (";是否应为 {nearest}?", "; did you mean {nearest}?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFault:
    """One fault. `path` ends in the sender's own word where that is what is wrong; all else is ours."""

    path: Path
    flaw: Flaw
    given: Mapping[str, object] = field(default_factory=dict)
    nearest: str | None = None
    line: int | None = None  # of the file, where it was one

    def told(self, language: Language) -> str:
        spoken = 0 if language == "zh" else 1
        text = TEXTS[self.flaw][spoken].format(where=".".join(map(str, self.path)), **self.given)
        if self.line is not None:
            text = LINE[spoken].format(line=self.line) + text
        return text if self.nearest is None else text + NEAREST[spoken].format(nearest=self.nearest)

    def masked(self) -> "PolicyFault":
        """The same without the sender's own words. A word that is there twice may lie below another of theirs."""
        if self.flaw is Flaw.TWICE:
            return replace(self, path=("?",))
        return replace(self, path=(*self.path[:-1], "?")) if self.flaw is Flaw.UNKNOWN else self


class BadPolicy(ValueError):
    """The document is not a policy; `faults` says where and why, each one."""

    def __init__(self, *faults: PolicyFault) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.told("en") for fault in faults))
