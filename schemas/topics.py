"""The one table of topics: what each carries, how it is keyed, who writes and who reads. Creates nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal

from schemas.envelope import EventType

WARNING_ISSUED: Final = "fraud.warning.issued"
WARNING_URGENT: Final = "fraud.warning.urgent"
INSTRUCTION_ISSUED: Final = "fraud.instruction.issued"
CASE_CHANGED: Final = "fraud.case.changed"
STOP_PAYMENT_REQUESTED: Final = "fraud.stop-payment.requested"
STOP_PAYMENT_RESOLVED: Final = "fraud.stop-payment.resolved"
RESPONDER_POSITION: Final = "fraud.responder.position"
WARNING_DLQ: Final = "fraud.warning.dlq"
AUDIT_SEALED: Final = "fraud.audit.sealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as it must exist on the broker. `key` says in words what the record key is made of."""

    name: str
    key: str
    partitions: int
    retention: timedelta
    messages: tuple[EventType, ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    summary_zh: str
    summary_en: str
    cleanup: Literal["delete", "compact"] = "delete"  # Kafka's cleanup.policy


_ALL: Final = (
    Topic(
        name=WARNING_ISSUED,
        key="source and instruction number",
        partitions=12,
        retention=timedelta(hours=72),  # longer than the longest outage planned for: it holds full personal data
        messages=(EventType.WARNING_ISSUED, EventType.WARNING_WITHDRAWN),
        writers=("sources", "relay", "operators"),
        readers=("router",),
        summary_zh="预警指令:反诈中心、银行或合作系统下发",
        summary_en="Warnings as the centre, a bank or a partner system issues them.",
    ),
    Topic(
        name=WARNING_URGENT,
        key="source and instruction number",
        partitions=6,
        retention=timedelta(hours=72),
        messages=(EventType.WARNING_ISSUED, EventType.WARNING_WITHDRAWN),
        writers=("sources", "relay", "operators"),
        readers=("router",),
        summary_zh="紧急预警指令:内容相同,单独通道,不排队",
        summary_en="URGENT warnings: the same message on a lane of its own, so that it waits for nobody.",
    ),
    Topic(
        name=INSTRUCTION_ISSUED,
        key="case id",
        partitions=12,
        retention=timedelta(days=7),
        messages=(EventType.INSTRUCTION_ISSUED,),
        writers=("router", "relay"),
        readers=("notifier", "integrators"),
        summary_zh="已分派的指令:责任派出所、民警、时限(个人信息已脱敏)",
        summary_en="A case was assigned: who holds it, why, and until when. Personal data is masked.",
    ),
    Topic(
        name=CASE_CHANGED,
        key="case id",
        partitions=12,
        retention=timedelta(days=7),
        messages=(EventType.CASE_CHANGED,),
        writers=("router", "relay"),
        readers=("api", "integrators"),
        summary_zh="案件变化:状态、责任、时限",
        summary_en="A case moved on: state, assignment, running timers. Order by version.",
    ),
    Topic(
        name=STOP_PAYMENT_REQUESTED,
        key="case id",
        partitions=6,
        retention=timedelta(days=7),
        messages=(EventType.STOP_PAYMENT_REQUESTED,),
        writers=("relay",),
        readers=("bank adapters",),
        summary_zh="止付申请:嫌疑账户",
        summary_en="A stop payment on the suspect's account is asked for.",
    ),
    Topic(
        name=STOP_PAYMENT_RESOLVED,
        key="case id",
        partitions=6,
        retention=timedelta(days=7),
        messages=(EventType.STOP_PAYMENT_RESOLVED,),
        writers=("bank adapters", "operators"),
        readers=("router",),
        summary_zh="止付回执:已止付或被退回",
        summary_en="The bank's answer to a stop payment: held or rejected.",
    ),
    Topic(
        name=RESPONDER_POSITION,
        key="responder code",
        partitions=6,
        retention=timedelta(hours=1),  # only the newest fix is of use, and only while it is fresh
        messages=(EventType.RESPONDER_POSITION,),
        writers=("api", "position gateways"),
        readers=("router", "timekeeper", "relay", "api"),
        summary_zh="民警位置",
        summary_en="Where a responder is now.",
    ),
    Topic(
        name=WARNING_DLQ,
        key="topic, partition and offset of the record",
        partitions=3,
        retention=timedelta(days=30),
        messages=(EventType.DEAD_LETTER_RECORDED,),
        writers=("relay",),
        readers=("operators",),
        summary_zh="无法处理的记录:原因与位置(原文加密存于数据库)",
        summary_en="Records nobody could read: where they are and why, without their content.",
    ),
    Topic(
        name=AUDIT_SEALED,
        key="the word seal",
        partitions=1,
        retention=timedelta(days=400),  # longer than the year after which the audit is archived
        messages=(EventType.AUDIT_SEALED,),
        writers=("relay",),
        readers=("auditors",),
        summary_zh="审计封存点:已签名,留在数据库之外",
        summary_en="Signed checkpoints of the audit chain, kept where the database's keepers can't reach.",
    ),
)

TOPICS: Final[Mapping[str, Topic]] = MappingProxyType({topic.name: topic for topic in _ALL})
