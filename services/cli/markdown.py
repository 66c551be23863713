"""Tables and code words as Markdown has them."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    """The lines of one."""
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def codes(words: Iterable[str]) -> str:
    return " ".join(f"`{word}`" for word in words)
