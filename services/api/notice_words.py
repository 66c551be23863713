"""Why somebody was told, as a sentence in both languages, from what is stored with the notice. Decides nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.domain.choice import Nobody
from services.domain.located import Language
from services.domain.names import STAGES
from services.domain.notice import Notice, NoticeKind
from services.domain.policy_rules import FollowUpMark, ReviewCause, Target

N = NoticeKind
SENTENCES: Final[Mapping[NoticeKind, tuple[str, str]]] = {
    N.AT_RISK: (
        "案件 {number}:“{stage}”时限临期,到期时间 {limit_due_at}。",
        "Case {number}: the limit “{stage}” is at risk; it ends at {limit_due_at}.",
    ),
    N.BREACHED: (
        "案件 {number}:“{stage}”超时,应于 {limit_due_at} 前完成。",
        "Case {number}: the limit “{stage}” is breached; it ended at {limit_due_at}.",
    ),
    N.JUMPED: (
        "案件 {number}:中心就“{stage}”直接上报到第 {level} 级。",
        "Case {number}: the centre called in level {level} of “{stage}”.",
    ),
    N.LATE_WORK: (
        "{count} 件案件的时限提醒因系统中断而迟到,请逐件查看。",
        "The reminders of {count} cases come late after an outage; look at each.",
    ),
    N.LEVEL_EMPTY: (
        "案件 {number}:“{stage}”第 {level} 级({tell})无人可通知,已跳到上一级。",
        "Case {number}: nobody of level {level} of “{stage}” ({tell}) can be reached; the next level was called in.",
    ),
    N.NOBODY_LEFT: (
        "案件 {number}:“{stage}”第 {level} 级({tell})无人可通知,其上再无他人,请中心立即处置。",
        "Case {number}: nobody of level {level} of “{stage}” ({tell}) can be reached and nobody is above it: act now.",
    ),
    N.UNASSIGNED: (
        "案件 {number} 无人可派({reason}),须由中心立即决定。",
        "Case {number} can be given to nobody ({reason}); the centre must decide now.",
    ),
    N.TAKEN_BACK: (
        "案件 {number} 签收后一直没有联系动作,已收回另派。",
        "Case {number} was acknowledged and never attempted; it was taken back and goes to the next.",
    ),
    N.CALLED_OFF: ("案件 {number} 已撤销,无需再办。", "Case {number} was cancelled; there is nothing more to do."),
    N.WITHDRAWN: ("来源单位撤回了案件 {number} 的预警。", "The source has withdrawn its warning of case {number}."),
    N.CO_ASSIGNED: ("{by_unit} 协办案件 {number}。", "{by_unit} works on case {number} beside the accountable unit."),
    N.BOUNDARY_CROSSED: (
        "本辖区案件 {number} 由 {by_unit} 的 {by_responder} 承办。",
        "Case {number} of your area is with {by_responder} of {by_unit}.",
    ),
    N.RESPONDER_TAKEN: (
        "本单位 {by_responder} 被派往 {home} 承办案件 {number}。",
        "Your {by_responder} was sent to {home} for case {number}.",
    ),
    N.REPEATED: ("案件 {number} 又收到一次预警。", "Case {number} was warned of again."),
    N.REPEATED_LATE: (
        "案件 {number} 已有结论,又收到一次预警,请核对。",
        "Case {number} was warned of again after its conclusion; look at it.",
    ),
    N.REPEAT_SUBJECT: (
        "案件 {number} 的对象近期多次被预警。",
        "The person of case {number} was warned of again and again.",
    ),
    N.REROUTED: (
        "案件 {number} 的地点有变,改由其他单位承办。",
        "The place of case {number} has changed; another unit has it now.",
    ),
    N.VISIT_WANTED: ("案件 {number} 须上门见面。", "Case {number} asks for a visit in person."),
    N.RETURNED: ("案件 {number} 的反馈被退回。", "The feedback of case {number} was returned."),
    N.STOP_WARNED: (
        "案件 {number} 第 {order} 号止付将于 {held_until} 到期。",
        "Case {number}: the hold of stop order {order} ends at {held_until}.",
    ),
    N.STOP_EXPIRED: (
        "案件 {number} 第 {order} 号止付已到期解除。",
        "Case {number}: the hold of stop order {order} has ended.",
    ),
    N.HOLD_PLACED: (
        "案件 {number} 已采取保护性止付,须告知本人。",
        "Case {number}: the person must be told of the protective hold on their account.",
    ),
    N.HOLD_APPEALED: (
        "案件 {number}:本人对保护性止付提出异议。",
        "Case {number}: the person appeals against the protective hold.",
    ),
    N.FOLLOW_UP_DUE: ("案件 {number} 的回访({mark})到期。", "Case {number}: the follow-up ({mark}) is due."),
    N.FOLLOW_UP_MISSED: ("案件 {number} 的回访({mark})逾期。", "Case {number}: the follow-up ({mark}) was missed."),
    N.FOLLOW_UP_ESCALATED: (
        "案件 {number} 的回访({mark})逾期上报。",
        "Case {number}: the missed follow-up ({mark}) comes to the centre.",
    ),
    N.REVIEW_OPENED: ("案件 {number} 开启倒查({why})。", "Case {number}: a review was opened ({why})."),
    N.WATCH_GAP: (
        "{unit}:{starts_at} 至 {ends_at} 值班 {present} 人,少于所需 {needed} 人。",
        "{unit}: {present} on duty from {starts_at} to {ends_at}, {needed} are needed.",
    ),
}
TARGETS: Final[Mapping[Target, tuple[str, str]]] = {
    Target.RESPONDER: ("承办人", "responder"),
    Target.DUTY_DESK: ("值班室", "duty desk"),
    Target.PRECINCT_HEAD: ("所领导", "head of the precinct"),
    Target.OPERATOR: ("中心值班员", "operator of the centre"),
    Target.SUPERVISOR: ("中心主管", "supervisor of the centre"),
    Target.COUNTY_LEADER: ("县局值班领导", "county duty leader"),
}


# What a sentence is given as a code, and what it is called.
CODES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "reason": {
        "NO_UNIT": ("没有责任单位", "no unit is responsible"),
        Nobody.NOBODY_ON_DUTY: ("无人当班", "nobody is on duty"),
        Nobody.ALL_EXCLUDED: ("当班人员均已派过", "everybody on duty was asked"),
        Nobody.NOBODY_FIT: ("当班人员均不可派", "nobody on duty can be asked"),
        Nobody.ROUTING_OFF: ("该单位停止自动分派", "routing is off for the unit"),
    },
    "mark": {
        FollowUpMark.AT_ONCE: ("立即", "at once"),
        FollowUpMark.NEXT_DAY: ("次日", "next day"),
        FollowUpMark.DAY: ("24 小时", "24 hours"),
        FollowUpMark.WEEK: ("7 天", "7 days"),
        FollowUpMark.MONTH: ("一个月", "one month"),
    },
    "why": {
        ReviewCause.LOSS_AFTER_WARNING: ("预警后被骗", "a loss after the warning"),
        ReviewCause.STOP_REJECTED: ("止付被拒", "a stop was rejected"),
        ReviewCause.STOP_LATE: ("止付过晚", "a stop came late"),
        ReviewCause.STOP_PARTIAL: ("止付不足额", "a stop held a part"),
    },
}
TIMES: Final = frozenset({"limit_due_at", "held_until", "starts_at", "ends_at"})


class _Given(dict[str, Any]):
    """What is not there is a dash: an old row may say less than a new sentence asks for."""

    def __missing__(self, key: str) -> str:
        return "—"


def why(notice: Notice, language: Language, zone: ZoneInfo) -> str:
    """The sentence that says why its recipient was told, with the times of the installation."""
    spoken = 0 if language == "zh" else 1
    given = _Given(
        {name: _called(name, value, spoken, zone) for name, value in notice.given.items() if value is not None}
    )
    given |= {"count": notice.count, "level": notice.level}
    if notice.timer is not None:
        given["stage"] = STAGES[notice.timer][spoken]
    return SENTENCES[notice.kind][spoken].format_map(given)


def _called(name: str, said: Any, spoken: int, zone: ZoneInfo) -> Any:
    if name in TIMES:
        return f"{datetime.fromisoformat(said).astimezone(zone):%m-%d %H:%M:%S}"
    if name == "tell":
        return ("、", ", ")[spoken].join(TARGETS[Target(target)][spoken] for target in said)
    known = CODES.get(name, {})
    return known[said][spoken] if isinstance(said, str) and said in known else said
