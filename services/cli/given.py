"""What was given before the command's name: it lies over the settings of the environment."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    database: str | None
    kafka: str | None
    json: bool
