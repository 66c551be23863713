"""What a mask may show: never the whole, whatever the input and however short."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.masking import mask_account, mask_address, mask_id_number, mask_name, mask_phone

# Stars are left out: a text of stars alone looks like its own mask.
ANYTHING = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=1, max_size=40)
MASKS = [mask_phone, mask_id_number, mask_name, mask_address, mask_account]


@pytest.mark.parametrize("mask", MASKS, ids=lambda mask: mask.__name__)
@settings(deadline=None)
@given(ANYTHING)
def test_no_mask_shows_the_whole(mask: Callable[[str], str], text: str) -> None:
    shown = mask(text)

    assert text not in shown
    assert "*" in shown


@pytest.mark.parametrize(
    ("mask", "hidden"),
    [(mask_phone, 3), (mask_id_number, 5), (mask_account, 4)],
    ids=lambda part: getattr(part, "__name__", ""),
)
@settings(deadline=None)
@given(st.text("0123456789", min_size=1, max_size=25))
def test_a_number_hides_enough_of_its_digits(mask: Callable[[str], str], hidden: int, number: str) -> None:
    shown = sum(character.isdigit() for character in mask(number))

    assert len(number) - shown >= min(hidden, len(number))


@settings(deadline=None)
@given(ANYTHING)
def test_a_name_shows_one_character_at_most(name: str) -> None:
    assert len(mask_name(name)) == len(name)
    assert set(mask_name(name)[1:]) <= {"*"}


@pytest.mark.parametrize(
    ("mask", "text", "shown"),
    [
        (mask_phone, "19900001234", "199****1234"),
        (mask_phone, "0000-1234567", "000****4567"),
        (mask_phone, "1990000123", "****23"),
        (mask_phone, "12345", "****45"),
        (mask_phone, "1234", "****"),
        (mask_phone, "", "****"),
        (mask_id_number, "000000190001010000", "000000********0000"),
        (mask_id_number, "12345678", "********"),
        (mask_name, "测试甲", "测**"),
        (mask_name, "测试", "测*"),
        (mask_name, "测", "*"),
        (mask_name, "", ""),
        (mask_address, "测试县甲镇一村七号", "测试县甲镇一***"),
        (mask_address, "一村七号", "***"),
        (mask_account, "6200000000001234", "****1234"),
        (mask_account, "1234567", "****"),
    ],
)
def test_a_mask_shows_what_tells_two_apart(mask: Callable[[str], str], text: str, shown: str) -> None:
    assert mask(text) == shown
