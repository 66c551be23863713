"""What the demo says, in Chinese and English: banner, one line an event, summary. Words only; nothing is asked here."""

from collections.abc import Mapping

from services.cli.words import language

TEXTS: Mapping[str, tuple[str, str]] = {
    "config": ("配置", "config"),
    "config.is": (
        "演示:{database}(每次启动重建),内嵌消息服务(不落盘)",
        "demo: {database} (made anew at each start), embedded broker (keeps nothing on disk)",
    ),
    "database": ("数据库", "database"),
    "database.is": (
        "一个虚构的县(墨汀),{units} 个派出所,{responders} 名处置人员,{shifts} 班",
        "one made-up county (Moting), {units} precincts, {responders} responders, {shifts} shifts",
    ),
    "broker": ("消息服务", "broker"),
    "broker.is": ("{bootstrap},{topics} 个主题", "{bootstrap}, {topics} topics"),
    "traffic": ("流量", "traffic"),
    "traffic.is": (
        "每 {every:g} 秒一条预警,时钟 ×{speed:g}(一小时约 {hour:.1f} 分钟);每第 {left} 件留给您处置;Ctrl-C 停止",
        "1 warning every {every:g} s, clock ×{speed:g} (the hour takes {hour:.1f} minutes); "
        "every {left}th case waits for you; Ctrl-C stops",
    ),
    "moved": ("端口 {wanted} 已被占用,改用 {port}", "port {wanted} is in use: {port} is taken instead"),
    "board": ("看板", "board"),
    "board.is": ("{api}/#token={token}      大屏 {api}/wall", "{api}/#token={token}      wall {api}/wall"),
    "phone": ("手机页", "phone"),
    "phone.where": (
        "每第 {left} 件案件等您处置,其手机页链接见下方该案一行",
        "each {left}th case waits for you: the link to its responder's phone is told below with it",
    ),
    "phone.is": (
        "等您处置  手机页 {api}/phone#token={token}&case={case}",
        "waits for you  phone {api}/phone#token={token}&case={case}",
    ),
    "api": ("接口", "API"),
    "metrics": ("指标", "metrics"),
    "login": ("登录", "login"),
    "login.is": (
        "操作员 demo,每个请求带上  Authorization: Bearer {token}",
        "operator demo; with every request  Authorization: Bearer {token}",
    ),
    "ask": ("查看", "look"),
    "made_up": (
        "全部虚构:人员、地点、电话、案情均为编造,来源标注为 /simulation。Everything here is made up.",
        "Everything here is made up / 全部虚构: people, places, phones and stories; every source says /simulation.",
    ),
    "try": (
        "试试:  quanzu send --risk URGENT --near {near}   ·   quanzu cases list   ·   quanzu dead-letters list",
        "Try:  quanzu send --risk URGENT --near {near}   ·   quanzu cases list   ·   quanzu dead-letters list",
    ),
    "assigned": (
        "已分派 {unit} {responder}({rule},{distance}),总时限还剩 {left}",
        "assigned {unit} {responder} ({rule}, {distance}), {left} left",
    ),
    "assigned.late": (
        "已分派 {unit} {responder}({rule},{distance}),总时限已超 {left}",
        "assigned {unit} {responder} ({rule}, {distance}), over the hour by {left}",
    ),
    "queued": ("留在中心待分派({rule})", "waits in the centre's queue ({rule})"),
    "unknown_distance": ("距离未知", "distance unknown"),
    "acknowledged": ("{who} 已签收,用时 {after}", "acknowledged by {who} after {after}"),
    "seconded": ("双人签收完成", "acknowledged by a second person, too"),
    "visit": ("须上门", "a visit is wanted"),
    "stop.asked": ("已申请止付", "the bank is asked to stop the payment"),
    "stop.answered": ("银行已回执", "the bank has answered"),
    "protected": ("已办理保护性止付", "the person's own account is held to protect them"),
    "declined": ("已退回", "declined"),
    "breached": ("超时 {timer}", "BREACHED {timer}"),
    "closed": ("已办结 {outcome},全程 {loop}", "closed {outcome}, loop {loop}"),
    "returned": ("反馈被退回补充", "feedback returned for its words"),
    "repeated": ("再次预警,并入本案(共 {count} 次)", "warned again, kept in this case ({count} so far)"),
    "rerouted": ("地点变化,改由其他单位承办", "the place changed: another unit's case"),
    "repeat_subject": ("同一人多次被预警,级别不低于高危", "one person warned of again and again: at least HIGH"),
    "withdrawn": ("来源撤回预警({state})", "withdrawn by its source ({state})"),
    "dead_letter": ("无法处理的记录 {place}:{reason}", "DEAD LETTER {place}: {reason}"),
    "stopped": (
        "已停止。数据留在 {database},下次启动时重建",
        "Stopped. The data stays in {database} until the next start",
    ),
    "log": ("日志", "log"),
    "summary": ("小结", "summary"),
    "summary.warnings": ("预警", "warnings"),
    "summary.cases": ("案件", "cases"),
    "summary.assigned": ("已分派,按规则", "assigned by rule"),
    "summary.acknowledged": ("曾签收", "acknowledged"),
    "summary.breached": ("超时,按时限", "breached by limit"),
    "summary.reported": ("已反馈", "reported"),
    "summary.closed": ("已办结", "closed"),
    "summary.dead_letters": ("无法处理的记录", "dead letters"),
    "summary.one_hour": ("一小时办结率", "one-hour rate"),
    "none": ("–", "–"),
    "share": ("{value:.1%}({part}/{whole})", "{value:.1%} ({part} of {whole})"),
}


def say(key: str, **given: object) -> str:
    """The sentence in the person's language. Raises KeyError for a key that is not in the table."""
    chinese, english = TEXTS[key]
    return (chinese if language() == "zh" else english).format(**given)


def named(chinese: str, english: str) -> str:
    """Whichever of the two names the person reads."""
    return chinese if language() == "zh" else english
