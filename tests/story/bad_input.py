"""Sixty things and more that nobody should send, each a line: what it is, who sends it where, and its very bytes.

Each holds MARK, a made-up phone, wherever it can hold anything: that must not come back. `{case}` in a path is a case.
"""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

MARK: Final = "199-0000-7731"
JSON: Final = "application/json"
WARNING: Final = {
    "instruction_number": "B-1",
    "issued_at": "2026-11-20T08:00:00Z",
    "risk": "HIGH",
    "subject": {"phone": MARK},
}
ATTEMPTS, NOTES, EVIDENCE = "/cases/{case}/attempts", "/cases/{case}/notes", "/cases/{case}/evidence?kind=PHOTO"


class Bad(NamedTuple):
    """One thing that is sent; `legal` ones are taken as what they are."""

    name: str
    who: str
    where: str
    content: bytes
    kind: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    legal: bool = False


def said(document: Any) -> bytes:
    return json.dumps(document).encode()


def raw(**fields: str) -> bytes:
    """A warning with some fields written by hand, as no writer of JSON would."""
    kept = {name: json.dumps(value) for name, value in WARNING.items()} | fields
    return ("{" + ",".join(f'"{name}":{value}' for name, value in kept.items()) + "}").encode("utf-8", "surrogatepass")


def corpus() -> list[Bad]:
    return [
        *_broken_json(),
        *_deep_and_large(),
        *_wrong_types(),
        *_texts(),
        *_kinds(),
        *_files(),
        *_addresses(),
        *_heads(),
    ]


def _warning(name: str, content: bytes, **more: Any) -> Bad:
    return Bad(name, "integrator", "/warnings", content, **more)


def _broken_json() -> Iterator[Bad]:
    whole = said(WARNING)
    yield _warning("nothing at all", b"")
    yield _warning("cut in the middle", whole[:60])
    yield _warning("cut in an escape", b'{"subject":{"phone":"' + MARK.encode() + b"\\u12")
    yield _warning("two documents", whole + whole)
    yield _warning("a comma too much", whole[:-1] + b",}")
    yield _warning("single quotes", whole.replace(b'"', b"'"))
    yield _warning("a comment", b"/* " + MARK.encode() + b" */" + whole)
    yield _warning("NaN", raw(places='{"current":{"point":{"lat":NaN,"lon":1}}}'))
    yield _warning("Infinity", raw(places='{"current":{"point":{"lat":1,"lon":-Infinity}}}'))
    yield _warning("UTF-16", json.dumps(WARNING | {"risk": "NONE"}).encode("utf-16"))
    yield _warning("broken UTF-8", raw(risk='"HIGH"').replace(b"HIGH", b"\xff\xfe\xc0\xaf"))
    yield _warning("overlong UTF-8", whole.replace(b"B-1", b"\xc0\x80" + MARK.encode()))
    yield _warning("GB18030", json.dumps(WARNING | {"narrative": "测试"}, ensure_ascii=False).encode("gb18030"))
    yield _warning("the same key twice, the second wrong", whole[:-1] + b',"risk":"' + MARK.encode() + b'"}')


def _deep_and_large() -> Iterator[Bad]:
    yield _warning("lists a hundred thousand deep", b"[" * 100_000)
    yield _warning("objects ten thousand deep", b'{"a":' * 10_000 + b"1" + b"}" * 10_000)
    yield _warning("lists five hundred deep in a field", raw(scam="[" * 500 + "]" * 500))
    yield _warning("deep in a field nobody knows", raw(unknown="[" * 500 + "1" + "]" * 500))
    yield _warning("a number of forty thousand digits", raw(scam=f'{{"amount_at_risk_fen":{"9" * 40_000}}}'))
    yield _warning("a number beyond 64 bits", raw(scam=f'{{"amount_at_risk_fen":{2**64}}}'))
    yield _warning("a huge exponent", raw(scam='{"amount_at_risk_fen":1e999}'))
    yield _warning("a huge number in a field nobody knows", raw(unknown=str(2**70)), legal=True)
    yield _warning("half a megabyte", said(WARNING | {"narrative": MARK * 40_000}))
    yield _warning("ten thousand relatives", said(WARNING | {"subject": {"family": [{"phone": MARK}] * 10_000}}))
    yield _warning("nine thousand fields", said({f"{MARK}{place}": 1 for place in range(9_000)}))
    yield Bad("two hundred and one warnings", "integrator", "/warnings/batch", said({"warnings": [{"a": MARK}] * 201}))


def _wrong_types() -> Iterator[Bad]:
    yield _warning("a list", said([WARNING]))
    yield _warning("a text", said(MARK))
    yield _warning("null", b"null")
    yield _warning("a number for a text", said(WARNING | {"subject": {"phone": 19900007731}}))
    yield _warning("an object for a text", said(WARNING | {"subject": {"phone": {"$ne": MARK}}}))
    yield _warning("a time without its zone", said(WARNING | {"issued_at": "2026-11-20T08:00:00", "narrative": MARK}))
    yield _warning("a time out of the calendar", said(WARNING | {"issued_at": "9999-12-31T23:59:59-14:00"}))
    yield Bad("a field nobody knows, where none may be", "R11", NOTES, said({"text": "x", MARK: MARK}))
    yield Bad("a word that is no word of ours", "R11", ATTEMPTS, said({"result": MARK, "channel": "call"}))
    yield Bad("money as a fraction", "operator", "/cases/{case}/loss", said({"loss_after_fen": 1.5, "note": MARK}))
    yield Bad("a policy of rubbish", "operator", "/policies", said({"yaml": f"{MARK}: [&a *a, !!python/object:os.x ]"}))
    yield Bad("a policy that holds itself", "operator", "/policies", said({"yaml": "a: &a [*a, *a, *a]\nb: " + MARK}))
    yield Bad("a policy that laughs", "operator", "/policies", said({"yaml": _laughs()}))


def _texts() -> Iterator[Bad]:
    yield _warning("NUL in a code", said(WARNING | {"instruction_number": f"{MARK}\0"}))
    yield _warning("NUL in a text", said(WARNING | {"narrative": f"{MARK}\0"}))
    yield _warning("half a surrogate", raw(narrative=f'"{MARK}\\ud800"'))
    yield _warning("half a surrogate as bytes", raw(narrative=f'"{MARK}\ud800"'))
    yield Bad(
        "nothing but blanks for a reason", "supervisor", "/cases/{case}/cancellation", said({"reason": " \u2003\t"})
    )
    yield Bad("a search for too much", "operator", "/search", said({"phone": MARK, "account": MARK}))


def _kinds() -> Iterator[Bad]:
    whole = said(WARNING)
    yield _warning("JSON that says it is text", whole, kind="text/plain")
    yield _warning("JSON that says it is XML", whole, kind="application/xml")
    yield _warning("a form", f"phone={MARK}".encode(), kind="application/x-www-form-urlencoded")
    yield _warning("a form of parts, cut", f'--b\r\nname="{MARK}'.encode(), kind="multipart/form-data; boundary=b")
    yield _warning("a form of parts without a boundary", whole, kind="multipart/form-data")
    yield _warning("a kind that is none", whole, kind=f";;;{MARK}")
    yield _warning("JSON that says it is packed", gzip.compress(whole), headers=(("content-encoding", "gzip"),))


def _files() -> Iterator[Bad]:
    table = "/warnings/table?dry_run=false"
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * 20_000_000, 1)[:250_000]
    yield Bad("a table that unpacks to eighty megabytes", "integrator", table, bomb, kind="text/csv")
    yield Bad("a table that is cut gzip", "integrator", table, gzip.compress(MARK.encode() * 9)[:20], kind="text/csv")
    yield Bad("a table that is bad gzip", "integrator", table, b"\x1f\x8b" + MARK.encode() * 9, kind="text/csv")
    yield Bad("a table that is an empty ZIP", "integrator", table, _packed({}), kind="text/csv")
    yield Bad(
        "a table that is a ZIP of nonsense", "integrator", table, _packed({"xl/workbook.xml": MARK}), kind="text/csv"
    )
    yield Bad("a workbook with entities", "integrator", table, _packed(_workbook_that_laughs()), kind="text/csv")
    yield Bad(
        "a table with NUL in it", "integrator", table, f"指令编号,电话\nN\0,{MARK}\n".encode(), "text/csv", legal=True
    )
    yield Bad("a table of one endless quote", "integrator", table, b'a,b\n"' + MARK.encode() * 14_000, kind="text/csv")
    yield Bad("a photo that is a page", "R11", EVIDENCE, f"<html>{MARK}</html>".encode(), kind="image/jpeg")
    yield Bad("a photo that is cut", "R11", EVIDENCE, b"\x89PNG\r\n\x1a\n" + MARK.encode(), kind="image/png")


def _addresses() -> Iterator[Bad]:
    yield Bad("a case that is no id", "operator", f"/cases/{MARK}/risk", said({"reason": "x", "risk": "LOW"}))
    yield Bad(
        "a case out of the tree", "operator", f"/cases/..%2f..%2f{MARK}/risk", said({"reason": "x", "risk": "LOW"})
    )
    yield Bad("a row beyond every number", "operator", f"/follow-ups/{'9' * 30}/result", said({"result": "SAFE"}))
    yield Bad("a unit of NUL", "desk-1", f"/rota/units/%00{MARK}/leave", said({"responder": "R11"}))


def _heads() -> Iterator[Bad]:
    whole = said(WARNING)
    yield Bad(
        "a warning by hand of the year 1000",
        "operator",
        "/warnings/by-hand",
        said(WARNING | {"issued_at": "1000-01-01T00:00:00Z"}),
    )
    yield _warning("a key of a thousand letters", whole, headers=(("idempotency-key", MARK * 100),))
    yield _warning("a key with a blank", whole, headers=(("idempotency-key", f"{MARK} x"),))
    yield Bad(
        "a turn that is none",
        "R11",
        ATTEMPTS,
        said({"result": "BUSY", "channel": "call"}),
        headers=(("if-match", MARK),),
    )


def _laughs() -> str:
    lines = [f'a0: &a0 "{MARK}"'] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


def _packed(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    return out.getvalue()


def _workbook_that_laughs() -> dict[str, str]:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    document = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "{MARK}">{entities}]><x>&a9;</x>'
    return {"[Content_Types].xml": document, "xl/workbook.xml": document, "xl/worksheets/sheet1.xml": document}


# Legal, and hostile to whoever shows it: it is kept as it came.
HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\u202egnp.exe\u202c",
    "a\u200bb\u200d\ufeffc",
    "one\r\nSet-Cookie: x=1\r\n\r\ntwo",
    '{"level":"error"}\n{"level":"info"}',
    "a\u0000b",
    "%s%n${jndi:ldap://x}{{7*7}}",
    "';DROP TABLE cases;--",
    "é vs e\u0301",
    "👩‍👩‍👧\U0010ffff",
)
