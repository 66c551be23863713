"""The pages of docs/ that are drawn: the states and moves of a case, the default limits, what security asks.

`python -m services.cli.described` writes them anew; a test fails where they differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.cli.described_security import TEXTS as SECURITY
from services.cli.described_security import security
from services.cli.markdown import codes, table
from services.domain.located import Language
from services.domain.names import RISKS, STAGES, STATES
from services.domain.policy import Policy, policy_from
from services.domain.policy_keys import LIMITED
from services.domain.policy_rules import Level, Mark, Watch
from services.domain.states import ENDED, MOVES, Action, Move, State, TimerKind
from services.domain.words import Risk
from services.store.policies import default_document

ROOT: Final = Path(__file__).parents[2]
ROWS: Final = (*(kind for kind in TimerKind if kind is not TimerKind.TOTAL), TimerKind.TOTAL)
TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "drawn": (
        "本页由 `python -m services.cli.described` 从代码生成,请勿手改。",
        "This page is drawn from the code by `python -m services.cli.described`; do not change it by hand.",
    ),
    "states": ("案件的状态", "The states of a case"),
    "moves": ("状态变化", "Moves"),
    "beside": (
        "图中不画不改变状态的操作;全部操作见下表。",
        "What leaves the state as it is, is not drawn; the table has every move.",
    ),
    "from": ("状态", "from"),
    "action": ("操作", "action"),
    "to": ("变为", "to"),
    "may": ("谁可以", "who may"),
    "stamp": ("记录时间", "stamps"),
    "stops": ("停止时限", "stops"),
    "starts": ("开始时限", "starts"),
    "same": ("不变", "the same"),
    "limits": ("默认时限", "The default limits"),
    "minutes": (
        "单位:分钟。用去 {share} 算临期,用完算超时;各时限在立案时随案件固定。",
        "In minutes. At risk once {share} of a limit is spent, breached at its end; frozen on a case at its opening.",
    ),
    "stage": ("环节", "stage"),
    "escalation": ("逐级提醒", "Who is called in"),
    "by_day": (
        "默认白天、夜间、节假日相同。",
        "By default the same by day, by night and on holidays.",
    ),
    "at_risk": ("临期", "at risk"),
    "breached": ("超时", "breached"),
}


def pages() -> dict[Path, str]:
    """Every page that is drawn, by its place."""
    found = {}
    for language, folder in (("en", "docs"), ("zh", "docs/zh")):
        spoken: Language = "zh" if language == "zh" else "en"
        found[ROOT / folder / "states.md"] = _page(states(spoken))
        found[ROOT / folder / "limits.md"] = _page(limits(policy_from(1, default_document()), spoken))
        title = (f"# {_name(SECURITY['title'], spoken)}", "", _say("drawn", spoken), "")
        found[ROOT / folder / "security.md"] = _page((*title, *security(spoken)))
    return found


def states(language: Language) -> Iterable[str]:
    """The graph of the states, and every move with who may make it."""
    yield from (f"# {_say('states', language)}", "", _say("drawn", language), "")
    yield from ("```mermaid", "stateDiagram-v2", *(f"    {line}" for line in _graph(language)), "```", "")
    yield from (_say("beside", language), "", f"## {_say('moves', language)}", "")
    columns = ("from", "action", "to", "may", "stamp", "stops", "starts")
    yield from table([_say(name, language) for name in columns], _moves(language))


def _graph(language: Language) -> Iterable[str]:
    for state in State:
        yield f"{state}: {_name(STATES[state], language)} ({state})"
    yield f"[*] --> {State.PENDING}: {Action.OPEN}"
    drawn: dict[tuple[State, State], list[str]] = {}
    for (state, action), move in MOVES.items():
        if move.to is not state:
            drawn.setdefault((state, move.to), []).append(action.value)
    for (state, to), actions in drawn.items():
        yield f"{state} --> {to}: {', '.join(actions)}"
    for state in sorted(ENDED, key=list(State).index):
        yield f"{state} --> [*]"


def _moves(language: Language) -> Iterable[Sequence[str]]:
    """States from which an action does the same stand in one row."""
    rows: dict[tuple[Action, State | None, Move], list[State]] = {}
    for (state, action), move in MOVES.items():
        stays = move.to is state
        rows.setdefault((action, None if stays else move.to, replace(move, to=State.PENDING)), []).append(state)
    for (action, to, move), from_states in rows.items():
        yield (
            codes(from_states),
            f"`{action}`",
            _say("same", language) if to is None else f"`{to}`",
            " ".join(sorted(role.value for role in move.may)),
            f"`{move.stamp}`" if move.stamp else "",
            codes(move.stops),
            codes(move.starts),
        )


def limits(policy: Policy, language: Language) -> Iterable[str]:
    """Every limit by risk, and who is called in when one is not kept."""
    share = f"{policy.at_risk_share:.0%}"
    yield from (f"# {_say('limits', language)}", "", _say("drawn", language), "")
    yield from (_say("minutes", language).format(share=share), "")
    header = [_say("stage", language), *(f"{_name(RISKS[risk], language)} `{risk}`" for risk in Risk)]
    lines = [[_stage(kind, language), *(_minutes(policy.limit(risk, kind)) for risk in Risk)] for kind in ROWS]
    yield from table(header, lines)
    yield from ("", f"## {_say('escalation', language)}", "", _say("by_day", language), "")
    levels = policy.escalation.levels
    header = [_say(name, language) for name in ("stage", "at_risk", "breached")]
    yield from table(
        header,
        [
            [_stage(kind, language), *(_told(levels[Watch.DAY, kind], mark) for mark in Mark)]
            for kind in ROWS
            if kind in LIMITED
        ],
    )


def _told(levels: Iterable[Level], mark: Mark) -> str:
    return "; ".join(
        (f"+{_minutes(level.after)}: " if level.after else "") + codes(level.tell)
        for level in levels
        if level.mark is mark
    )


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:.15g}"


def _stage(kind: TimerKind, language: Language) -> str:
    return f"{_name(STAGES[kind], language)} `{kind}`"


def _page(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _name(names: tuple[str, str], language: Language) -> str:
    return names[0 if language == "zh" else 1]


def _say(key: str, language: Language) -> str:
    return _name(TEXTS[key], language)


if __name__ == "__main__":
    for place, text in pages().items():
        place.write_text(text, "utf-8")
