"""The four small pages of the way in, in the reader's language and without a script."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Final

from starlette.responses import HTMLResponse
from starlette.types import Scope

from services.api.problems import RETRY, STATUS
from services.api.wording import TEXTS, language_of
from services.domain.located import Language

WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "login": {"zh": "登录", "en": "Log in"},
    "name": {"zh": "用户名", "en": "Name"},
    "password": {"zh": "密码", "en": "Password"},
    "change": {"zh": "修改密码", "en": "Change the password"},
    "current": {"zh": "现密码", "en": "Password now"},
    "new": {"zh": "新密码", "en": "New password"},
    "twice": {"zh": "再输一次新密码", "en": "The new one again"},
    "about_new": {
        "zh": "至少 10 个字符,种类不限;几个不相干的词最好记也最难猜。修改后其他浏览器须重新登录。",
        "en": "At least 10 characters of any kind; a few words that have nothing to do with one another are easy to keep"
        " and hard to guess. Your other browsers have to log in again.",
    },
    "differ": {"zh": "两次输入的新密码不一致。", "en": "The two new passwords are not the same."},
    "short": {"zh": "新密码至少 10 个字符。", "en": "A new password has at least 10 characters."},
    "long": {"zh": "新密码最多 200 个字符。", "en": "A new password has at most 200 characters."},
    "known": {
        "zh": "这个密码在已泄露的密码库中,会最先被猜到,请换一个。",
        "en": "This password was found in breaches of other systems and is guessed first: choose another.",
    },
    "of_this_place": {
        "zh": "除去本系统用词、您的用户名和单位后所剩太少,请换一个或加长。",
        "en": "Without words of this system, your name and your unit too little of it is left: choose another or a longer"
        " one.",
    },
    "provider": {"zh": "使用统一身份认证登录", "en": "Log in with your organisation's account"},
    "wrong": {"zh": "用户名或密码不正确。", "en": "The name or the password is wrong."},
    "open": {"zh": "打开案件", "en": "Open the case"},
    "once": {
        "zh": "本链接只能使用一次,并绑定本机浏览器。请在要使用的手机上打开。",
        "en": "This link works once and for this browser alone. Open it on the phone you will use.",
    },
    "again": {"zh": "重新登录", "en": "Log in again"},
}


def account_page(scope: Scope, *, to: str, provider: bool, wrong: bool = False) -> str:
    """A form for a name and a password."""
    say = _sayer(scope)
    fault = f'<p role="alert">{say("wrong")}</p>' if wrong else ""
    other = f'<p><a href="/login?via=oidc&amp;to={escape(to)}">{say("provider")}</a></p>' if provider else ""
    form = (
        f'<form method="post" action="/login"><input type="hidden" name="to" value="{escape(to)}">'
        f'<p><label>{say("name")} <input name="name" autocomplete="username" required maxlength="100"></label></p>'
        f'<p><label>{say("password")} <input name="password" type="password" autocomplete="current-password"'
        f' required maxlength="200"></label></p><button>{say("login")}</button></form>'
    )
    change = f'<p><a href="/login/password?to={escape(to)}">{say("change")}</a></p>'
    return _page(scope, say("login"), fault + form + other + change)


def password_page(scope: Scope, *, to: str, wrong: str | None = None) -> str:
    """A form for a new password; `wrong` is the word for what was not taken."""
    say = _sayer(scope)
    fault = "" if wrong is None else f'<p role="alert">{say(wrong)}</p>'
    fields = "".join(
        f'<p><label>{say(word)} <input name="{name}" type="{kind}" autocomplete="{filled}" required'
        f' maxlength="200"></label></p>'
        for word, name, kind, filled in (
            ("name", "name", "text", "username"),
            ("current", "password", "password", "current-password"),
            ("new", "new", "password", "new-password"),
            ("twice", "twice", "password", "new-password"),
        )
    )
    form = (
        f'<form method="post" action="/login/password"><input type="hidden" name="to" value="{escape(to)}">'
        f"{fields}<button>{say('change')}</button></form>"
    )
    return _page(scope, say("change"), f"{fault}<p>{say('about_new')}</p>{form}")


def link_page(scope: Scope, *, action: str) -> str:
    """One button, and what it does."""
    say = _sayer(scope)
    button = f'<form method="post" action="{escape(action)}"><button>{say("open")}</button></form>'
    return _page(scope, say("open"), f"<p>{say('once')}</p>{button}")


def refused_page(scope: Scope, code: str) -> HTMLResponse:
    """A problem for somebody who looks at it in a browser, with its own status."""
    say, text = _sayer(scope), TEXTS[code][language_of(scope)]
    again = f'<p><a href="/login">{say("again")}</a></p>'
    page = _page(scope, text.title, f"<p>{escape(text.detail)}</p>{again}")
    return HTMLResponse(page, status_code=STATUS[code], headers=dict(RETRY.get(code, {})))


def _sayer(scope: Scope) -> Callable[[str], str]:
    language = language_of(scope)
    return lambda word: WORDS[word][language]


def _page(scope: Scope, title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return (
        f'<!doctype html><html lang="{language_of(scope)}"><head>{head}</head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
