"""What a registry import says of a row: the reason and the fix, in Chinese and English."""

from collections.abc import Mapping

from services.domain.located import Language
from services.handlers.registry_found import Fault, Flaw

Both = tuple[str, str]  # Chinese, English

FLAWS: Mapping[Flaw, tuple[Both, Both]] = {  # reason, fix
    Flaw.NO_FEATURE: (
        ("不是带属性的要素", "no feature with properties"),
        ("导出为 GeoJSON Feature", "export it as a GeoJSON Feature"),
    ),
    Flaw.MISSING: (("{column} 为空", "{column} is missing or empty"), ("补上该值", "fill it in")),
    Flaw.NO_POLYGON: (
        ("不是面", "no polygon"),
        (
            "辖区应为 GeoJSON Polygon 或 MultiPolygon;没有辖区的单位写 null",
            "a jurisdiction is a GeoJSON Polygon or MultiPolygon; a unit without one has null",
        ),
    ),
    Flaw.EMPTY_POLYGON: (
        ("面是空的", "the polygon is empty"),
        ("重新导出该面;没有辖区的单位写 null", "export it again; a unit without an area has null"),
    ),
    Flaw.NO_AREA_LEFT: (
        ("面没有面积", "the polygon covers no ground"),
        ("重新绘制该面", "draw it again"),
    ),
    Flaw.OUTSIDE_WORLD: (
        ("坐标超出地球范围", "outside the world"),
        ("用 WGS-84 度数,经度在前", "use degrees, longitude first, in WGS-84"),
    ),
    Flaw.LOOKS_SWAPPED: (
        ("疑似经纬度颠倒", "latitude and longitude look swapped"),
        ("GeoJSON 经度在前;表格核对两列", "longitude comes first in GeoJSON; in a table check the two columns"),
    ),
    Flaw.CODE_TWICE: (
        ("代码 {code} 已用于第 {other} 行的另一单位", "code {code} is that of another unit, in line {other}"),
        (
            "每个单位一个代码;同一单位的多块辖区名称和上级要相同",
            "one code a unit; parts of one unit have the same name and parent",
        ),
    ),
    Flaw.CODE_OF_ANOTHER_KIND: (
        ("代码 {code} 已登记为 {kind}", "code {code} is that of a {kind}"),
        ("换一个代码,或核对层级", "use another code, or another level"),
    ),
    Flaw.UNKNOWN_PARENT: (
        ("没有上级单位 {parent}", "there is no unit {parent} to be its parent"),
        ("先导入上级,或核对代码", "import the parent first, or mend the code"),
    ),
    Flaw.REPAIRED: (
        ("{code} 的面无效({why})", "the polygon of {code} is invalid ({why})"),
        ("已修复后采用;请核对", "taken as repaired; check it"),
    ),
    Flaw.DUPLICATE: (
        ("{code} 的同一块面出现两次", "the same polygon of {code} is there twice"),
        ("只采用一次", "taken once"),
    ),
    Flaw.PART: (
        ("作为 {code} 的第 {part} 块辖区", "taken as part {part} of {code}"),
        ("若是另一单位,请另给代码", "if it is another unit, give it a code of its own"),
    ),
    Flaw.NO_GROUND: (
        ("{code} 没有辖区", "{code} has no area"),
        (
            "只能按派出所位置、行政区划代码或地址找到它",
            "it is found by its station, a region code or an address only",
        ),
    ),
    Flaw.VERY_DETAILED: (
        ("{code} 的面有 {corners} 个顶点", "the polygon of {code} has {corners} corners"),
        ("可用,但可以简化", "it works; a simpler one is faster"),
    ),
    Flaw.UNKNOWN_UNIT: (
        ("没有单位 {unit}", "there is no unit {unit}"),
        ("用已有单位的代码,或先导入该单位", "use the code of a unit, or import the unit first"),
    ),
    Flaw.NO_NUMBER: (
        ("经纬度不是数字", "latitude or longitude is no number"),
        ("写成度数,例如 36.4312", "write degrees with a point, such as 36.4312"),
    ),
    Flaw.UNUSABLE_POINT: (
        ("位置不可用({why})", "unusable position ({why})"),
        ("写 WGS-84 经纬度", "write latitude and longitude in WGS-84 degrees"),
    ),
    Flaw.OUTSIDE_OWN_AREA: (
        ("在 {unit} 辖区之外 {metres} 米", "{metres} m outside the area of {unit}"),
        ("照原样采用;请核对位置和坐标系", "taken as it is; check the position and its datum"),
    ),
    Flaw.NO_CODE: (
        ("代码 {code} 不是 2 至 12 位数字", "code {code} is not 2 to 12 digits"),
        ("写行政区划代码", "write the region code"),
    ),
    Flaw.UNFIT_CODE: (
        (
            "代码像电话或证件号码,或超过 64 字",
            "the code looks like a phone or ID number, or is longer than 64 characters",
        ),
        (
            "用警号等内部代码:代码会出现在消息和日志中",
            "use a badge number or the like: codes stand in messages and logs",
        ),
    ),
    Flaw.TWICE: (
        ("{code} 已在第 {other} 行", "{code} is in line {other} already"),
        ("删去其中一行", "delete one of them"),
    ),
    Flaw.WITHOUT_UNIT: (
        ("代码 {code} 没有对应单位", "no unit has the code {code}"),
        (
            "加上单位列,或导入该地的单位;此前由中心决定",
            "name its unit, or import the unit there; until then the centre decides",
        ),
    ),
    Flaw.MADE_UNIT: (
        ("{code} 没有辖区,作为没有辖区的单位登记", "{code} has no area; made a unit without one"),
        ("按代码分派给它;有辖区时请补上", "it is found by its code; add its area when there is one"),
    ),
    Flaw.NO_POST: (
        ("没有岗位位置,{unit} 也没有派出所位置", "no post, and {unit} has no station"),
        ("填 post_lat、post_lon,或导入派出所", "fill in post_lat and post_lon, or import the station"),
    ),
}


def told(fault: Fault, language: Language) -> tuple[str, str]:
    """(reason, fix)."""
    spoken = 0 if language == "zh" else 1
    reason, fix = FLAWS[fault.flaw]
    return reason[spoken].format(**fault.given), fix[spoken].format(**fault.given)
