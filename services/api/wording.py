"""What the door says to people, in Chinese and English: every problem with its way out. No statuses, no logic of cases."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from starlette.datastructures import Headers
from starlette.types import Scope

from services.domain.located import Language

LANGUAGES: Final = get_args(Language)


@dataclass(frozen=True, slots=True)
class Text:
    title: str  # the same at every occurrence
    detail: str  # what to do about it


def _both(zh: tuple[str, str], en: tuple[str, str]) -> Mapping[Language, Text]:
    return {"zh": Text(*zh), "en": Text(*en)}


TEXTS: Final[Mapping[str, Mapping[Language, Text]]] = {
    "unauthenticated": _both(
        ("需要登录或有效令牌", "请在 /login 登录,或在请求头中携带有效令牌:Authorization: Bearer …;失效请联系管理员。"),
        (
            "A login or a valid token is needed",
            "Log in at /login, or send the header Authorization: Bearer …; ask your administrator for a new one.",
        ),
    ),
    "not-allowed": _both(
        ("角色无此权限", "该操作由其他角色负责,请转交有权限的人员办理。"),
        ("Your role may not do this", "Another role does this; pass it on to somebody who has that role."),
    ),
    "cross-site": _both(
        ("请求不是本站页面发出的", "请在本系统页面内操作;程序调用请使用 Authorization 请求头,不要用 cookie。"),
        (
            "Another site sent this",
            "Do it from a page of this system; programs send the header Authorization and no cookie.",
        ),
    ),
    "not-known": _both(
        ("尚未开通使用权限", "身份已核实,但本系统未登记该人员,请联系管理员登记。"),
        ("You are not registered here", "We know who you are, but nobody has let you in: ask your administrator."),
    ),
    "not-logged-in": _both(
        ("登录未完成", "登录超时、换了浏览器或认证平台未放行,请重新登录。"),
        ("The login did not succeed", "It took too long, came back to another browser, or was refused: log in again."),
    ),
    "no-login": _both(
        ("本系统未开启浏览器登录", "请使用令牌,或请管理员在 QUANZU_IDENTITY 中开启。"),
        ("Nobody logs in here", "Use a token, or ask the administrator to say oidc or accounts in QUANZU_IDENTITY."),
    ),
    "too-many-tries": _both(
        ("密码尝试次数过多", "请 15 分钟后再试;忘记密码请联系管理员。"),
        ("Too many wrong passwords", "Try again in 15 minutes; if you forgot it, ask your administrator."),
    ),
    "provider-away": _both(
        ("统一身份认证暂时不可用", "请稍后重试;已登录的用户不受影响。"),
        ("The identity provider does not answer", "Try again shortly; whoever is logged in stays so."),
    ),
    "person-not-found": _both(
        ("没有这个人员", "请核对姓名标识或民警代码;名单见 GET /people。"),
        ("No such person", "Check the name or the responder's code; GET /people lists everybody."),
    ),
    "invitation-over": _both(
        ("链接已失效", "链接已使用、过期或案件已转他人;请值班室重新发送。"),
        ("This link is over", "It was used, has expired, or the case is somebody else's: ask the desk for a new one."),
    ),
    "not-yours": _both(
        ("案件由他人承办", "请刷新案件查看当前承办单位和承办人;需要时请中心改派。"),
        ("Somebody else has the case", "Read the case to see who has it; ask the centre to reassign it if need be."),
    ),
    "on-legal-hold": _both(
        ("依法留存,不得删除", "该案件处于依法留存状态;解除留存后再办理。"),
        ("Under a legal hold", "Nothing of it may be erased before the hold is lifted."),
    ),
    "own-submission": _both(
        ("不得审核本人提交的反馈", "请由另一名值班员审核。"),
        ("Nobody reviews their own feedback", "Let another operator review it."),
    ),
    "same-person": _both(
        ("须由另一人签收", "大额案件须双人签收,请由本单位另一人、值班室或中心签收。"),
        (
            "Another person must acknowledge",
            "A large amount needs two people: let a colleague of the unit, its desk or the centre acknowledge, too.",
        ),
    ),
    "tries-missing": _both(
        ("联系次数不足,不能认定联系不上", "missing 列出还缺什么(needed 应有次数,done 已有次数);补足后再认定。"),
        (
            "Too little was tried to say NOT_REACHED",
            "missing says what: how often is needed, and how often it was done; try these, then say it again.",
        ),
    ),
    "meeting-missing": _both(
        ("该级别案件须见面才能办结", "请上门见面并登记联系结果(REACHED_IN_PERSON)后再办结。"),
        (
            "A case of this risk closes only after a meeting in person",
            "Visit the person, write down the attempt (REACHED_IN_PERSON), then close the case.",
        ),
    ),
    "case-not-found": _both(
        ("案件不存在或不可见", "请核对案件编号;只能查看本人权限范围内的案件。"),
        ("No such case", "Check the case id; only cases of your own scope can be seen."),
    ),
    "responder-not-found": _both(
        ("没有该民警,或无权设置其状态", "请核对民警代码;本人设备和本单位值班室才能设置状态。"),
        ("No such responder", "Check the code; only the responder and the desk of their unit set a status."),
    ),
    "rota-not-found": _both(
        ("没有这个单位、班次或记录,或不可见", "请核对单位代码和编号;值班室只能查看本单位的排班。"),
        ("Nothing like it in the rota", "Check the unit's code and the id; a desk sees its own unit only."),
    ),
    "unit-not-found": _both(
        ("没有这个单位", "请核对单位代码;单位清单见 /units。"),
        ("No such unit", "Check the code of the unit; all units are listed at /units."),
    ),
    "policy-not-found": _both(
        ("没有这个版本的策略", "策略的全部版本见 GET /policies。"),
        ("No policy has this version", "GET /policies lists every version."),
    ),
    "already-published": _both(
        ("该版本已发布", "holder 为发布人;需要修改请另存新版本。"),
        ("This version was published before", "holder says by whom; to change it, send in a new version."),
    ),
    "bad-policy": _both(
        ("这不是可用的策略", "errors 逐条列出位置、行号和最接近的正确用语,请改正后重发。"),
        (
            "This is no policy",
            "errors names each place, its line and the nearest right word; mend them and send again.",
        ),
    ),
    "not-in-case": _both(
        ("没有这条止付单、回访、倒查、保护性止付或证据,或不可见", "请核对编号;只能查看本人权限范围内的案件。"),
        (
            "Nothing like it in a case of yours",
            "Check its id; only what belongs to cases of your own scope can be seen.",
        ),
    ),
    "letter-not-found": _both(
        ("没有这条无法处理的记录", "请核对编号;清单见 GET /dead-letters。"),
        ("No such dead letter", "Check its id; GET /dead-letters lists them."),
    ),
    "letter-gone": _both(
        ("原始内容已不在", "内容过大未收到、已按期清除或无法解密;请让来源方重新发送。"),
        ("Its bytes are not here", "Too large to take, forgotten, or sealed under another key; ask the source again."),
    ),
    "not-found": _both(
        ("没有这个地址", "接口清单见 /docs(生产环境只在指标端口上)。"),
        ("Nothing is here", "All routes are listed at /docs, in production on the port of the metrics alone."),
    ),
    "wrong-method": _both(
        ("请求方法不对", "允许的方法见响应头 Allow。"),
        ("Another method is needed", "The header Allow names it."),
    ),
    "out-of-order": _both(
        ("案件当前状态不允许该操作", "请刷新案件,按其当前状态操作。"),
        ("The case is not in a state for this", "Read the case again and go on from its present state."),
    ),
    "nobody-fits": _both(
        ("该人员不在该单位当班", "请在该单位当班人员中另选一人。"),
        ("Not on duty there", "Choose somebody who is on duty in that unit."),
    ),
    "newer-case-open": _both(
        ("同一对象已有更新的在办案件", "请在更新的案件中办理;该案有结论后可再试。"),
        ("The same person has a newer open case", "Work on the newer case; once it is concluded, try again."),
    ),
    "swap-over": _both(
        ("换班申请已答复或已过期", "state 为当前状态;需要时请重新申请。"),
        ("The swap was answered, or its time is over", "state says how it stands; ask for a new one if need be."),
    ),
    "already-accepted": _both(
        ("交接清单已被接收", "holder 为接收人;清单无须再次接收。"),
        ("This handover was accepted", "holder says by whom; nobody needs to accept it again."),
    ),
    "stale-rota": _both(
        ("排班已被他人修改", "请重新读取排班(version 为当前版本),再决定是否修改。"),
        ("Somebody changed the rota first", "Read it again (version is as it is now); then decide."),
    ),
    "stale-row": _both(
        ("已被他人修改", "present 为当前内容,etag 为其标记:请核对后再决定是否修改。"),
        ("Somebody changed it first", "present is what it is now and etag names that: look at it, then decide."),
    ),
    "stale-turn": _both(
        ("案件已被他人处理", "请刷新案件:turn、state、holder 为当前值,再决定是否继续。"),
        ("Somebody was first", "Read the case again: turn, state and holder are as they are now; then decide."),
    ),
    "not-done-before": _both(
        ("前一步没有完成", "本步骤所依据的前一步被拒绝或未送达:请先处理前一步,或按案件现状重新提交。"),
        (
            "The step before was not done",
            "What this one follows was refused or never came: see to that one first, or send this on the case as it is.",
        ),
    ),
    "too-large": _both(
        ("请求体过大", "请求体不得超过 256 KB;证据文件不得超过管理员设定的大小(默认 20 MB)。"),
        ("The body is too large", "Send at most 256 KB; as evidence what the administrator allows, by default 20 MB."),
    ),
    "wrong-media-type": _both(
        ("请求体类型不对", "该接口只接受 JSON:请携带请求头 Content-Type: application/json,编码为 UTF-8。"),
        ("Another kind of body is needed", "This takes JSON: send it as UTF-8 with Content-Type: application/json."),
    ),
    "bad-evidence": _both(
        (
            "该文件不能作为证据",
            "照片须为 JPEG、PNG 或 WebP,录音须为 m4a、mp3、ogg、wav 或 amr,保证书须为照片或 PDF;why 为原因。",
        ),
        (
            "This file is no evidence",
            "A photo is JPEG, PNG or WebP; a recording m4a, mp3, ogg, wav or amr; a commitment a photo or a PDF. "
            "why says what is wrong.",
        ),
    ),
    "evidence-lost": _both(
        ("证据内容无法打开", "内容已随案件清除,或存储的文件已丢失、被改动;请联系管理员查看日志。"),
        (
            "What lies in it can't be opened",
            "It was forgotten with its case, or the stored file is gone or was changed; the administrator's log says which.",
        ),
    ),
    "evidence-full": _both(
        ("证据存储空间已满", "文件未保存;请联系管理员腾出空间后用同一幂等键重发。"),
        ("There is no room for evidence", "Nothing was kept. Once the administrator has made room, send it again."),
    ),
    "evidence-away": _both(
        ("证据存储暂不可用", "文件未保存;请按 Retry-After 秒后用同一幂等键重发。"),
        (
            "The store of evidence does not answer",
            "Nothing was kept. Send it again with the same key after Retry-After seconds.",
        ),
    ),
    "evidence-busy": _both(
        ("正在接收的证据过多,或上传过慢", "请按 Retry-After 秒后用同一幂等键重发。"),
        ("Too much evidence is coming in, or too slowly", "Send it again with the same key after Retry-After seconds."),
    ),
    "invalid": _both(
        ("请求格式有误", "errors 列出了有误的字段和原因,请改正后重发。"),
        ("The request does not fit", "errors names the fields and what is wrong with them; mend them and send again."),
    ),
    "incomplete": _both(
        ("缺少必要内容或内容不成立", "field 为有误的字段,请改正后重发。"),
        ("Something needed is missing or can't be", "field names it; mend it and send again."),
    ),
    "key-missing": _both(
        ("缺少幂等键", "请携带请求头 Idempotency-Key(1 至 128 个可见字符);重发同一操作用同一键。"),
        (
            "An idempotency key is needed",
            "Send the header Idempotency-Key, 1 to 128 visible characters; keep it when you send the same again.",
        ),
    ),
    "key-reused": _both(
        ("幂等键已用于其他操作", "新的操作请用新的键。"),
        ("This key stood for another command", "Use a new key for a new command."),
    ),
    "bad-table": _both(
        ("表格无法读取", "请发送带表头的 CSV(UTF-8 或 GB18030)或 XLSX。"),
        ("The table can't be read", "Send a CSV (UTF-8 or GB18030) or an XLSX whose first row has the headings."),
    ),
    "bad-file": _both(
        (
            "文件无法读取",
            "请发送 WGS-84 的 GeoJSON,或带表头的 CSV(UTF-8 或 GB18030)、XLSX;why 为原因。",
        ),
        (
            "The file can't be read",
            "Send a GeoJSON in WGS-84, or a CSV (UTF-8 or GB18030) or XLSX with headings. why says what is wrong.",
        ),
    ),
    "stale-registry": _both(
        ("基础数据已被他人修改", "试导入之后基础数据有变动;请重新试导入,再决定是否写入。"),
        ("Somebody changed the registry first", "It changed since the dry run: run it again, then decide."),
    ),
    "too-far-ahead": _both(
        ("下发时间超前", "issued_at 比现在晚得过多,请核对来源的时钟。"),
        ("Issued too far ahead", "issued_at is further ahead than a clock can be wrong; mend the source's clock."),
    ),
    "warning-not-found": _both(
        ("没有这条预警", "没有这条预警,或不是您的来源发出的。"),
        ("No such warning", "There is no such warning, or another source sent it."),
    ),
    "tip-not-found": _both(
        ("没有这条举报", "请刷新列表。"),
        ("No such tip", "Read the list again."),
    ),
    "tip-over": _both(
        ("举报已处理", "holder 已处理这条举报。"),
        ("The tip is decided", "holder has decided about it."),
    ),
    "too-many": _both(
        ("请求过于频繁", "请按 Retry-After 秒后再试。情况紧急请直接拨打 96110 或 110。"),
        ("Too many at once", "Try again after Retry-After seconds. If it is urgent, telephone 96110 or 110."),
    ),
    "turn-missing": _both(
        ("缺少案件轮次或排班版本", '请携带请求头 If-Match,值为最近一次读取所得的 ETag,例如 "3"。'),
        ("What you saw is needed", 'Send the header If-Match with the ETag of what you last read, such as "3".'),
    ),
    "bug": _both(
        ("系统内部错误", "请稍后用同一幂等键重试;仍失败请把 request_id 告知管理员。"),
        ("An error of ours", "Try again with the same key; if it stays, give the request_id to your administrator."),
    ),
    "away": _both(
        ("数据库暂不可用", "请按 Retry-After 秒后用同一幂等键重试;未确认的操作可能尚未生效。"),
        (
            "The database does not answer",
            "Try again after Retry-After seconds with the same key; what was not confirmed may not have been done.",
        ),
    ),
    "broker-away": _both(
        ("消息服务暂不可用", "未被接收;请按 Retry-After 秒后重试。过时的位置不必补发。"),
        (
            "The broker does not answer",
            "It was not taken. Try again after Retry-After seconds; of positions only the newest is needed.",
        ),
    ),
    "busy": _both(
        ("实时连接过多", "请按 Retry-After 秒后重连;期间可直接查询列表。"),
        ("Too many open streams", "Connect again after Retry-After seconds; the lists can be read meanwhile."),
    ),
}


# What may be missing in a refusal, with how often it is needed and was done.
MISSING: Final[Mapping[str, tuple[str, str]]] = {
    "meeting": ("未见面:应 {needed} 次,已 {done} 次", "meetings in person: {done} of {needed}"),
    "calls": ("电话:应 {needed} 次,已 {done} 次", "calls: {done} of {needed}"),
    "messages": ("短信:应 {needed} 次,已 {done} 次", "messages: {done} of {needed}"),
    "visits": ("上门:应 {needed} 次,已 {done} 次", "visits: {done} of {needed}"),
    "family": ("联系家属:应 {needed} 次,已 {done} 次", "tries to reach the family: {done} of {needed}"),
}


def language_of(scope: Scope) -> Language:
    """The asker's preferred one of our languages; Chinese where none is named."""
    best: tuple[float, Language] = (0.0, "zh")
    for choice in Headers(scope=scope).get("accept-language", "").split(","):
        tag, _, weight = choice.strip().lower().partition(";q=")
        language: Language | None = "en" if tag.startswith("en") else "zh" if tag.startswith("zh") else None
        if language is not None:
            best = max(best, (_number(weight), language), key=lambda rated: rated[0])
    return best[1]


def _number(weight: str) -> float:
    try:
        return float(weight or 1)
    except ValueError:
        return 0.0
