"""What a new database starts with. From then on the tables are the truth."""

from importlib.resources import files
from typing import Any

import orjson

SHIFT_PATTERNS: tuple[dict[str, Any], ...] = tuple(
    orjson.loads(files(__name__).joinpath("shift_patterns.json").read_bytes())
)

FRAUD_TYPES = tuple(
    {"code": code, "name_zh": zh, "name_en": en}
    for code, zh, en in (
        ("BRUSHING_REBATE", "刷单返利", "Fake-order rebates"),
        ("FAKE_INVESTMENT", "虚假网络投资理财", "Fake online investment"),
        ("FAKE_SHOPPING", "虚假购物服务", "Fake shopping or service"),
        ("IMPERSONATE_CUSTOMER_SERVICE", "冒充电商物流客服", "Impersonated customer service"),
        ("FAKE_LOAN", "虚假贷款", "Fake loan"),
        ("FAKE_CREDIT_REPORT", "虚假征信", "Fake credit record"),
        ("IMPERSONATE_ACQUAINTANCE", "冒充领导熟人", "Impersonated superior or acquaintance"),
        ("IMPERSONATE_AUTHORITY", "冒充公检法及政府机关", "Impersonated police or authority"),
        ("ROMANCE", "网络婚恋交友", "Online romance"),
        ("GAME_TRADE", "网络游戏产品虚假交易", "Fake trade in game goods"),
        ("CROSS_BORDER_GAMBLING", "跨境赌博", "Cross-border gambling"),
        ("BANK_CARD", "银行卡", "Bank card"),
        ("OTHER", "其他", "Other"),
        ("UNKNOWN", "未知", "Unknown"),
    )
)
