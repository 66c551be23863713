"""What of a person may be shown to everybody who may see a case: enough to tell two apart, never enough to call."""

SHOWN_OF_ADDRESS = 6


def mask_phone(phone: str) -> str:
    """138****5678; a number shorter than a mobile's shows only its last two digits."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else f"****{phone[-2:]}" if len(phone) > 4 else "****"


def mask_id_number(number: str) -> str:
    """130102********1234"""
    return f"{number[:6]}********{number[-4:]}" if len(number) >= 15 else "********"


def mask_name(name: str) -> str:
    """The first character and a star for each other one; a name of one character is all star."""
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*" * len(name)


def mask_address(address: str) -> str:
    """The beginning, which names county and town; the door is left out."""
    return f"{address[:SHOWN_OF_ADDRESS]}***" if len(address) > SHOWN_OF_ADDRESS else "***"


def mask_account(account: str) -> str:
    return f"****{account[-4:]}" if len(account) >= 8 else "****"
