"""Every word of a policy document, what it holds and what it is for. The values are data: see the default document."""

from typing import Final

from services.domain.names import STAGES as STAGE_NAMES
from services.domain.notice import BY_LEVEL, NOTICES, NoticeKind
from services.domain.policy_kinds import Clock, Key, Many, Maybe, Number, Table, Word, YesOrNo, table_of
from services.domain.policy_rules import FollowUpMark, Mark, ReviewCause, ReviewPart, Target
from services.domain.states import TimerKind
from services.domain.words import AttemptResult, Outcome, Risk

STAGES_IN_TOTAL: Final = (
    TimerKind.ASSIGN,
    TimerKind.ACK,
    TimerKind.FIRST_ATTEMPT,
    TimerKind.CONTACT,
    TimerKind.DISSUADE,
    TimerKind.FEEDBACK,
)
BESIDE: Final = (TimerKind.STOP_REQUEST, TimerKind.STOP_CONFIRM, TimerKind.VISIT, TimerKind.SECOND_ACK)
OUTSIDE_STAGES: Final = (TimerKind.TOTAL, TimerKind.REVIEW, *BESIDE)
LIMITED: Final = (*STAGES_IN_TOTAL, *OUTSIDE_STAGES)
LEASE_FACTOR: Final = "acknowledgement_lease_factor"
LONGEST: Final = 1_000_000  # minutes: two years, longer than any limit of this work
MINUTES: Final = Number(0, LONGEST)
LIMIT: Final = Number(0, LONGEST, above=True)
HOURS: Final = Number(0, 20_000)
COUNT: Final = Number(0, 100, whole=True)
ATTEMPTS_NEEDED: Final = ("calls", "messages", "visits", "family")

LEVEL: Final = Table(
    {
        "mark": Key(Word(Mark), "AT_RISK 临期,BREACH 超时", "at risk or breached"),
        "after_min": Key(MINUTES, "此后几分钟", "so many minutes after it"),
        "tell": Key(Many(Word(Target)), "通知谁", "who is told"),
    }
)
STAGES: Final = table_of(LIMITED, Many(LEVEL), optional=True)
ESCALATION: Final = Table(
    {
        "day_from": Key(Clock(), "白班开始", "when the day begins"),
        "day_until": Key(Clock(), "白班结束", "when the night begins"),
        "DAY": Key(
            STAGES,
            "白天。mark:AT_RISK 临期,BREACH 超时;after_min:此后几分钟;tell:通知谁",
            "by day; mark, minutes after it, who is told",
        ),
        "NIGHT": Key(Maybe(STAGES), "夜间;null 同白天", "by night; null: as by day", optional=True),
        "HOLIDAY": Key(Maybe(STAGES), "节假日;null 同白天", "on holidays; null: as by day", optional=True),
        "late_after_min": Key(
            MINUTES,
            "晚于应提醒时间几分钟算迟到,迟到的合并通知",
            "minutes after which a notice is late, and grouped",
        ),
    }
)
TOLD: Final = tuple(kind for kind in NoticeKind if kind not in BY_LEVEL)  # not by the steps of an escalation
NOTICE_TARGETS: Final = Table({kind.value: Key(Many(Word(Target)), *NOTICES[kind]) for kind in TOLD})
ATTEMPTS: Final = Table(
    {
        "danger_results": Key(Many(Word(AttemptResult)), "视为危险信号的结果", "answers that are a danger sign"),
        "danger_risks": Key(Many(Word(Risk)), "适用的级别", "risks for which they are"),
        "danger_raises_to": Key(Word(Risk), "升至该级别并上门", "the risk they raise to, with a visit"),
        "failed_calls": Key(Number(2, 100, whole=True), "几次未通升一级", "failed calls that raise one level"),
        "failed_calls_apart_min": Key(MINUTES, "两次间隔至少几分钟", "minutes between two of them, at least"),
        "not_reached": Key(
            Table({name: Key(COUNT) for name in ATTEMPTS_NEEDED}),
            "认定联系不上之前至少:电话、短信、上门、家属",
            "before NOT_REACHED, at least",
        ),
    }
)
FACE_TO_FACE: Final = Table(
    {
        "visit_after_failed_calls": Key(
            table_of(Risk, Maybe(COUNT), optional=True),
            "几次未通后上门;0 立即,null 不要求",
            "a visit after so many failed calls; 0: at once, null: none",
        ),
        "closes_only_in_person": Key(Many(Word(Risk)), "须见面才能办结的级别", "risks that close only after a meeting"),
        "except_for": Key(Many(Word(Outcome)), "例外的结论", "outcomes that need none"),
    }
)
FOLLOW_UP: Final = Table(
    {
        "months": Key(COUNT, "几个自然月后", "calendar months after the conclusion", optional=True),
        "days": Key(Number(0, 1000, whole=True), "几天后", "days", optional=True),
        "hours": Key(HOURS, "几小时后", "hours", optional=True),
        "missed_after_h": Key(HOURS, "到期后几小时算漏访", "hours after which it is missed"),
    }
)
FOLLOW_UPS: Final = Table(
    {
        "marks": Key(table_of(FollowUpMark, FOLLOW_UP), "各次回访的时间", "when each is due"),
        "by_outcome": Key(table_of(Outcome, Many(Word(FollowUpMark))), "各结论的回访", "which an outcome brings"),
    }
)
REVIEW: Final = Table(
    {
        "opens_on": Key(Many(Word(ReviewCause)), "自动开启复盘的情形", "what opens a review by itself"),
        "closes_with": Key(Many(Word(ReviewPart)), "办结复盘须有", "what it needs before it is closed"),
        "second_person": Key(YesOrNo(), "须由另一人办结", "closed by a second person"),
    }
)
STOP_PAYMENT: Final = Table(
    {
        "hold_h": Key(Number(0, 20_000, above=True), "一次止付的小时数", "hours of one hold"),
        "most_holds": Key(Number(1, 100, whole=True), "最多几次", "holds at most"),
        "warn_after_h": Key(HOURS, "满几小时提醒", "hours of a hold after which it is told"),
    }
)
REPEATS: Final = Table(
    {
        "attach_within_h": Key(
            HOURS, "立案后几小时内并入同一人的其他预警", "hours for which a case takes in other warnings of its person"
        ),
        "subject_warnings": Key(Number(2, 100, whole=True), "同一人几次预警", "warnings for one person"),
        "within_days": Key(Number(1, 1000, whole=True), "在几天之内", "within so many days"),
        "raises_to": Key(Word(Risk), "级别不低于", "the risk is at least this"),
    }
)
POLICY: Final = Table(
    {
        "limits_min": Key(
            table_of(Risk, table_of(LIMITED, LIMIT)),
            "各级别各环节时限(分钟):" + ",".join(f"{kind} {STAGE_NAMES[kind][0]}" for kind in LIMITED),
            "limits by risk and stage, in minutes",
        ),
        "at_risk_share": Key(
            Number(0, 1, above=True, below=True), "用去多少比例算临期", "share after which it is at risk"
        ),
        LEASE_FACTOR: Key(
            Number(1, 1000),
            "签收后超过首次联系时限几倍即收回",
            "times the first attempt's limit until a case is taken back",
        ),
        "longest_total_min": Key(MINUTES, "升级后总时限最长(分钟)", "longest total of a raised case, in minutes"),
        "future_tolerance_min": Key(MINUTES, "签发时间最多超前(分钟)", "how far ahead issued_at may lie, in minutes"),
        "late_on_arrival_min": Key(MINUTES, "收到时已晚(分钟)", "late on arrival after so many minutes"),
        "device_skew_min": Key(MINUTES, "终端时间允许偏差(分钟)", "how far a device's clock may be off, in minutes"),
        "escalation": Key(ESCALATION, "逐级提醒", "who is called in"),
        "notices": Key(NOTICE_TARGETS, "其他事项通知谁", "who is told of what else"),
        "attempts": Key(ATTEMPTS, "联系规则", "attempts"),
        "face_to_face": Key(FACE_TO_FACE, "见面规则", "meetings in person"),
        "follow_ups": Key(FOLLOW_UPS, "回访", "follow-ups"),
        "review": Key(REVIEW, "复盘", "reviews"),
        "stop_payment": Key(STOP_PAYMENT, "止付", "stopping payments"),
        "repeats": Key(REPEATS, "重复预警", "the same person warned of again"),
        "second_acknowledgement_from_fen": Key(
            Number(1, 10**15, whole=True), "达到该金额(分)须双人签收", "amount in fen that two people acknowledge"
        ),
    }
)
