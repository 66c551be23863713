"""Addresses in words: unique names find their township, ambiguous ones are never guessed."""

import numpy as np
import pytest

from services.domain.located import Located, Rule, Why, explain
from services.domain.place import Places
from services.domain.villages import Village, Villages, cut

COUNTY, OTHER = "990121", "990122"


def _village(name: str, township: str, *, county: str = COUNTY, unit: str | None = "U1") -> Village:
    codes = {"柳湾镇": "990121101", "石坡乡": "990121202", "云庄街道": "990121003", "砚营镇": "990122101"}
    names = {COUNTY: "墨汀县", OTHER: "砚溪县"}
    return Village(
        village=name,
        township_code=codes[township],
        township=township,
        county_code=county,
        county=names[county],
        unit=unit,
    )


VILLAGES = Villages(
    [
        _village("柳岗村民委员会", "柳湾镇"),
        _village("杏坡村民委员会", "柳湾镇"),
        _village("杏坡村民委员会", "石坡乡"),
        _village("麦渡村村民委员会", "石坡乡"),
        _village("麦渡社区居民委员会", "云庄街道"),
        _village("云霁社区居民委员会", "云庄街道", unit=None),
        _village("柳岗村民委员会", "砚营镇", county=OTHER),
    ]
)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("焦窑社区居民委员会", "焦窑"),
        ("焦窑村民委员会", "焦窑"),
        ("焦窑村村民委员会", "焦窑"),
        ("焦窑村委会", "焦窑"),
        ("焦窑居委会", "焦窑"),
        ("焦窑村村民民委员会", "焦窑"),
        ("焦窑社区", "焦窑"),
        ("焦窑", "焦窑"),
    ],
)
def test_a_name_is_cut_of_what_all_have(name: str, short: str) -> None:
    assert cut(name) == short


@pytest.mark.parametrize(
    ("address", "county", "township", "why"),
    [
        ("柳岗村民委员会", COUNTY, "990121101", Why.VILLAGE_NAMED),
        ("柳岗村民委员会", "990121000000", "990121101", Why.VILLAGE_NAMED),
        ("柳岗村民委员会", "砚溪县", "990122101", Why.VILLAGE_NAMED),
        ("柳岗", COUNTY, "990121101", Why.VILLAGE_NAMED_SHORT),
        ("墨汀县柳湾镇柳岗村3号", "", "990121101", Why.VILLAGE_NAMED_SHORT),
        ("墨汀县柳湾乡柳岗村3号", "", "990121101", Why.VILLAGE_NAMED_SHORT),  # 乡 for 镇
        ("麦渡村村民委员会", COUNTY, "990121202", Why.VILLAGE_NAMED),
        ("石坡镇杏坡村", COUNTY, "990121202", Why.VILLAGE_NAMED_SHORT),  # the township settles it
        ("云庄街道办事处麦渡社区2号楼", COUNTY, "990121003", Why.VILLAGE_NAMED_SHORT),
    ],
)
def test_a_unique_name_finds_its_township(address: str, county: str, township: str, why: Why) -> None:
    named = VILLAGES.find(address, county=county)

    assert named.village is not None
    assert (named.village.township_code, named.why) == (township, why)


@pytest.mark.parametrize(
    ("address", "county", "why", "candidates"),
    [
        ("杏坡村民委员会", COUNTY, Why.AMBIGUOUS_VILLAGE, ("990121101", "990121202")),
        ("麦渡村", COUNTY, Why.AMBIGUOUS_VILLAGE, ("990121003", "990121202")),
        ("柳岗村民委员会", "", Why.NO_COUNTY, ()),
        ("柳岗村民委员会", "990199", Why.NO_COUNTY, ()),
        ("墨汀县砚溪县柳岗村", "", Why.NO_COUNTY, ()),
        ("柳岗路12号", COUNTY, Why.UNKNOWN_VILLAGE, ()),  # a street of that name is no village
        ("石坡乡柳岗村", COUNTY, Why.UNKNOWN_VILLAGE, ()),  # it is in another township
        ("   ", COUNTY, Why.UNKNOWN_VILLAGE, ()),
    ],
)
def test_what_is_not_unique_is_never_guessed(address: str, county: str, why: Why, candidates: tuple[str, ...]) -> None:
    named = VILLAGES.find(address, county=county)

    assert (named.village, named.why, named.candidates) == (None, why, candidates)


def test_only_what_the_centre_would_decide_is_settled() -> None:
    held = Located(unit="A", rule=Rule.POLYGON, why=(Why.HOLDS_POINT,), distance_m=0.0)
    nowhere = Located(unit=None, rule=Rule.CENTRE, why=(Why.NO_POINT, Why.NO_REGION_CODE))

    answers = VILLAGES.settle([held, nowhere, nowhere, nowhere], _places("柳岗村", "柳岗村", "杏坡村", None))

    assert [answer.unit for answer in answers] == ["A", "U1", None, None]
    assert [answer.rule for answer in answers] == [Rule.POLYGON, Rule.ADDRESS, Rule.CENTRE, Rule.CENTRE]
    assert answers[2].candidates == ("990121101", "990121202")
    assert answers[3] is nowhere
    assert VILLAGES.settle(answers, _places("柳岗村", "柳岗村", "杏坡村", None)) == answers  # once is enough


def test_a_township_without_a_unit_is_said_and_waits() -> None:
    nowhere = Located(unit=None, rule=Rule.CENTRE, why=(Why.NO_POINT, Why.NO_REGION_CODE))

    (answer,) = VILLAGES.settle([nowhere], _places("云霁社区"))

    assert (answer.unit, answer.rule, answer.township) == (None, Rule.CENTRE, "990121003")
    assert "which has no unit" in explain(answer, "en")


def test_both_languages_name_the_candidates() -> None:
    nowhere = Located(unit=None, rule=Rule.CENTRE, why=(Why.NO_POINT, Why.NO_REGION_CODE))

    (answer,) = VILLAGES.settle([nowhere], _places("杏坡村"))

    assert explain(answer, "en", VILLAGES.townships) == (
        "The centre must decide: no point is given, no region code is given, "
        "and the village named in the address could be in 柳湾镇, 石坡乡."
    )
    assert "柳湾镇、石坡乡" in explain(answer, "zh", VILLAGES.townships)


def test_the_sentence_of_an_address_names_township_and_unit() -> None:
    nowhere = Located(unit=None, rule=Rule.CENTRE, why=(Why.NO_POINT, Why.NO_REGION_CODE))

    (answer,) = VILLAGES.settle([nowhere], _places("柳岗村"))

    assert explain(answer, "en", {"U1": "城关所", **VILLAGES.townships}) == (
        "By the village that the address names in short, in 柳湾镇, it is 城关所, "
        "as no point is given and no region code is given."
    )


def _places(*addresses: str | None) -> Places:
    nowhere = np.full(len(addresses), np.nan)
    return Places(
        lat=nowhere,
        lon=nowhere,
        region_codes=[None] * len(addresses),
        addresses=addresses,
        counties=[COUNTY] * len(addresses),
    )
