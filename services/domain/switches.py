"""What can be switched off for a unit by its name, so that a pilot may begin with one precinct. All is on by default."""

from enum import StrEnum


class Switch(StrEnum):
    ROUTING = "routing"  # off: no case is offered in the unit by itself; the centre assigns by hand
    NOTIFY = "notify"  # off: its people get no notices beside the instruction
    FOLLOW_UPS = "follow-ups"  # off: none are made for its cases
