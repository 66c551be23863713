"""What the command line says, in Chinese and English. Words of the records themselves (states, rules) stay as they are."""

import os
from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "example": ("例:{command}", "Example: {command}"),
    "help.quanzu": (
        "劝阻:把电信网络诈骗预警在一小时内送到该管的民警手里。",
        "Quanzu: carries a fraud warning to the right police responder inside one hour.",
    ),
    "help.demo": ("演示:虚构的县、虚构的人,时钟加速", "show it: a made-up county, made-up people, a faster clock"),
    "help.serve": (
        "运行各进程:不指名则全部(router timekeeper relay api)",
        "run the processes; none named: all of router timekeeper relay api",
    ),
    "help.send": ("发出虚构的预警", "send made-up warnings"),
    "help.replay": (
        "把 CSV 的每一行作为预警发出并等到结果",
        "send each row of a CSV as a warning and wait for what becomes of it",
    ),
    "help.cases": ("案件:列表、详情", "cases: list, show"),
    "help.dead-letters": (
        "无法处理的记录:列表、详情、重发、改正",
        "records nobody could read: list, show, replay, mend",
    ),
    "help.registry": ("辖区、派出所:导入", "jurisdictions and stations: import"),
    "help.token": ("访问令牌:新增、列表、吊销", "tokens: add, list, revoke"),
    "help.db": ("数据库:升级、检查", "database: upgrade, check"),
    "help.config": ("当前生效的设置", "the settings in effect"),
    "help.doctor": ("逐项自检并给出解决办法", "check everything and say how to mend it"),
    "help.db.upgrade": ("升级到最新结构,可重复执行", "bring the schema up to date; safe to repeat"),
    "help.db.check": ("结构是否最新(不是则退出码 1)", "is the schema the newest (exit 1 if not)"),
    "help.token.add": (
        "新增令牌,只显示一次;同名的旧令牌作废",
        "make a token, shown once; an older one of that name ends",
    ),
    "help.token.list": ("全部令牌(不含密文)", "every token, without its secret"),
    "help.token.revoke": ("吊销令牌", "revoke a token"),
    "help.config.show": ("每项设置的值和来源;密钥不显示", "each setting, where it comes from; secrets are masked"),
    "help.cases.list": ("最近的案件", "the newest cases"),
    "help.cases.show": ("一个案件:时限、经过(个人信息已脱敏)", "one case: limits, timeline; personal data is masked"),
    "help.dead-letters.list": ("最近的死信", "the newest dead letters"),
    "help.dead-letters.show": ("一条死信及其原因", "one dead letter and its reason"),
    "help.dead-letters.replay": ("把原记录原样再发一次", "send the raw record once more as it was"),
    "help.dead-letters.mend": ("用改正后的内容再发一次", "send it once more with a mended body"),
    "help.registry.import": (
        "导入辖区和派出所;不加 --commit 只检查",
        "import jurisdictions and stations; without --commit only a check",
    ),
    "option.database": ("数据库地址", "database: postgresql://… or sqlite:///PATH"),
    "option.kafka": ("Kafka 地址", "Kafka's address"),
    "option.json": ("以 JSON 输出", "print JSON"),
    "option.role": ("角色", "what the token may do"),
    "option.unit_of_token": ("所属单位代码", "code of the unit"),
    "option.responder": ("民警代码", "code of the responder"),
    "option.risk": ("预警级别", "risk level"),
    "option.type": ("诈骗类型代码", "code of the fraud type"),
    "option.lat": ("纬度", "latitude"),
    "option.lon": ("经度", "longitude"),
    "option.datum": ("坐标系", "datum of the coordinates"),
    "option.near": ("在该单位辖区内随机取点(代码或名称)", "a random point in the area of this unit (code or name)"),
    "option.region_code": ("行政区划代码", "region code"),
    "option.address": ("地址", "address"),
    "option.name": ("对象姓名(默认虚构)", "name of the subject (default: made up)"),
    "option.phone": ("对象电话(默认虚构)", "phone of the subject (default: made up)"),
    "option.amount": ("涉险金额(元)", "money at risk, in yuan"),
    "option.transfer": ("正在转账", "money is moving now"),
    "option.exercise": ("演练,不计入统计", "a drill, counted in no figure"),
    "option.count": ("条数", "how many"),
    "fault.database_url": (
        "数据库地址无法解析;格式 postgresql://USER:PASSWORD@HOST:PORT/NAME 或 sqlite:///PATH",
        "can't be read; use postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH",
    ),
    "fault.cannot_open": (
        "密文无法解开:QUANZU_MASTER_KEYS 不是写入时的密钥",
        "sealed data can't be opened: QUANZU_MASTER_KEYS does not hold the key it was sealed under",
    ),
    "fault.broker": ("Kafka 没有回应:{reason}", "the broker does not answer: {reason}"),
    "fault.database": ("数据库没有回应({reason})", "the database does not answer ({reason})"),
    "fault.no_database": (
        "{path} 没有数据库:先运行 quanzu db upgrade,或用 --database 指定",
        "no database at {path}: run `quanzu db upgrade` first, or name one with --database",
    ),
    "fault.not_current": (
        "数据库结构不是最新:运行 quanzu db upgrade",
        "the schema is not the newest: run `quanzu db upgrade`",
    ),
    "fault.no_process": ("没有进程 {name};可用:{known}", "there is no process {name}; there are: {known}"),
    "fault.sqlite_apart": (
        "SQLite 只供一个进程使用:运行不带名称的 quanzu serve,或把 QUANZU_DATABASE 设为 PostgreSQL",
        "SQLite serves one process only: run `quanzu serve` without names, or set QUANZU_DATABASE to a PostgreSQL",
    ),
    "fault.embedded_apart": (
        "没有 Kafka 时内嵌消息服务只在一个进程里:设置 QUANZU_KAFKA,或运行不带名称的 quanzu serve",
        "without Kafka the embedded broker lives in one process: set QUANZU_KAFKA, or run `quanzu serve` without names",
    ),
    "fault.sqlite_taken": ("另一个 quanzu serve 正在使用 {path}", "another `quanzu serve` is using {path}"),
    "fault.system_role": ("system 是系统自身的角色,不能发令牌", "system is the programs' own role: no token has it"),
    "fault.needs_unit": ("角色 {role} 需要 --unit", "role {role} needs --unit"),
    "fault.needs_responder": ("角色 responder 需要 --responder", "role responder needs --responder"),
    "fault.no_unit": (
        "没有单位 {unit}:先运行 quanzu registry import",
        "there is no unit {unit}: `quanzu registry import` comes first",
    ),
    "fault.no_token": ("没有可吊销的令牌 {name}", "there is no token {name} to revoke"),
    "fault.no_broker": (
        "没有指定 Kafka,本机也没有演示在运行:用 --kafka HOST:PORT,或先运行 quanzu demo",
        "no broker is named and no demo runs here: give --kafka HOST:PORT, or start `quanzu demo`",
    ),
    "fault.half_a_point": ("--lat 和 --lon 要一起给", "--lat and --lon come together"),
    "fault.no_warning": ("这不是合格的预警:{reason}", "that is no warning: {reason}"),
    "fault.no_area": (
        "没有(或不止一个)单位叫 {unit} 且有辖区",
        "no unit, or more than one, is called {unit} and has an area",
    ),
    "db.upgraded": ("数据库结构已是最新", "the schema is up to date"),
    "db.current": ("数据库结构是最新的", "the schema is the newest"),
    "token.shown_once": ("请现在保存:不会再显示", "keep it now: it is not shown again"),
    "token.revoked": ("{name} 已吊销", "{name} is revoked"),
    "send.narrative": ("虚构的预警,用于测试", "A made-up warning, for a test"),
    "send.sent": ("{case_id}  已发往 {topic}", "{case_id}  sent to {topic}"),
}


def language() -> str:
    """zh only where the terminal speaks Chinese."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if spoken.lower().startswith("zh") else "en"


def say(key: str, **given: object) -> str:
    """The sentence in the person's language. Raises KeyError for a key that is not in the table."""
    chinese, english = TEXTS[key]
    return (chinese if language() == "zh" else english).format(**given)
