"""A stand-in for the api's cases and their changes: the pages, and all else, are the real api's. Measures nothing.

A board that looks at it has so many open cases, and hears of their changes as fast as it takes them.
"""

import itertools
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid5

import httpx2

NAMESPACE = UUID(int=7)
PAGE = 200
# What happens to a case, one message each: the action, the state after it, and the limit that runs then.
LIFE = (
    ("OPEN", "PENDING", "ASSIGN"),
    ("ASSIGN", "ASSIGNED", "ACK"),
    ("ACKNOWLEDGE", "ACKNOWLEDGED", "FIRST_ATTEMPT"),
    ("ATTEMPT", "IN_PROGRESS", "CONTACT"),
    ("CONTACT", "CONTACTED", "DISSUADE"),
    ("CONCLUDE", "CONCLUDED", "FEEDBACK"),
    ("REPORT", "REPORTED", "REVIEW"),
    ("CLOSE", "CLOSED", None),
)
PASSED = frozenset({"accept-language", "authorization", "content-type"})
LAST_MARK = "REPLAY-LAST"
_END = None


class Replay:
    """`whole` is a case as the real api shows it: every case here is like it."""

    def __init__(self, api: str, whole: dict[str, Any], open_cases: int) -> None:
        self.api, self._whole = api, whole
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._cases: dict[str, dict[str, Any]] = {}
        self._last: dict[str, Any] = {}
        self._slots = [self._new(step % (len(LIFE) - 1)) for step in range(open_cases)]
        self._at = 0
        self._streams: set[SimpleQueue[bytes | None]] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Door", (_Door,), {"replay": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        for stream in self._streams:
            stream.put(_END)
        self._server.shutdown()
        self._server.server_close()

    def update(self, count: int = 1) -> None:
        """Tell of so many changes, case after case; one that is closed gives its place to a new one."""
        told = []
        with self._lock:
            for _ in range(count):
                place = self._at % len(self._slots)
                self._at += 1
                case = self._slots[place]
                if case["state"] == "CLOSED":
                    del self._cases[case["case_id"]]
                    case = self._slots[place] = self._new(0)
                else:
                    self._move(case, case["version"])
                told.append(self._message(case))
        self._tell(b"".join(told))

    def last(self) -> None:
        """One more case, the most urgent of all: on a board that shows it, everything before has come."""
        with self._lock:
            case = self._last = self._new(0)
            case |= {"instruction_number": LAST_MARK, "risk": "URGENT"}
            case["limits"][0]["due_at"] = case["next_due_at"] = _shown(timedelta(hours=-9))
            told = self._message(case)
        self._tell(told)

    def forget_last(self) -> None:
        """It is closed again."""
        with self._lock:
            self._move(self._last, len(LIFE) - 1)
            told = self._message(self._last)
            del self._cases[self._last["case_id"]]
        self._tell(told)

    def listed(self, asked: dict[str, list[str]]) -> dict[str, Any]:
        with self._lock:
            known = map(self._cases.get, asked["case_id"]) if "case_id" in asked else self._cases.values()
            found = [one for one in known if one and one["state"] in asked.get("state", [one["state"]])]
            first = int(asked.get("cursor", ["0"])[0])
            more = first + PAGE < len(found)
            return {"items": found[first : first + PAGE], "next": str(first + PAGE) if more else None}

    def found(self, case_id: str) -> dict[str, Any] | None:
        with self._lock:
            case = self._cases.get(case_id)
            return None if case is None else self._whole | case

    def stream(self) -> Iterator[bytes]:
        queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._streams.add(queue)
        yield b": here\n\n"
        while (told := queue.get()) is not _END:
            yield told

    @property
    def heard(self) -> bool:
        return bool(self._streams)

    def _tell(self, told: bytes) -> None:
        for stream in self._streams:
            stream.put(told)

    def _new(self, step: int) -> dict[str, Any]:
        number = next(self._numbers)
        case = self._whole | {
            "case_id": str(uuid5(NAMESPACE, str(number))),
            "instruction_number": f"REPLAY-{number:06}",
            "turn": 1,
            "issued_at": _shown(timedelta()),
        }
        self._move(case, step)
        self._cases[case["case_id"]] = case
        return case

    @staticmethod
    def _move(case: dict[str, Any], step: int) -> None:
        _, state, kind = LIFE[step]
        due = _shown(timedelta(minutes=30 + step, seconds=step))
        kinds = [] if kind is None else [kind, "TOTAL"]
        pattern = {"round": 1, "started_at": _shown(timedelta()), "due_at": due, "at_risk_at": due, "at_risk": False}
        rest = dict.fromkeys(("next_level_at", "breached_at", "stopped_at", "left_s", "late_s", "on_time"))
        case |= {
            "state": state,
            "version": step + 1,
            "next_due_at": due if kinds else None,
            "total_due_at": due if kinds else None,
            "limits": [pattern | rest | {"kind": one, "level": 0} for one in kinds],
        }

    @staticmethod
    def _message(case: dict[str, Any]) -> bytes:
        same = ("case_id", "version", "turn", "state", "outcome", "risk", "mode", "responsible_unit", "assigned_unit")
        told = {name: case[name] for name in same} | {
            "responder": case["responder"],
            "changes": [{"action": LIFE[case["version"] - 1][0], "timer": None, "by": "responder"}],
            "at": case["issued_at"],
            "timers": [
                {name: one[name] for name in ("kind", "round", "due_at", "at_risk_at")} for one in case["limits"]
            ],
            "next_due_at": case["next_due_at"],
            "total_due_at": case["total_due_at"],
        }
        return f"event: case\nid: {case['case_id']}:{case['version']}\ndata: {json.dumps(told)}\n\n".encode()


class _Door(BaseHTTPRequestHandler):
    replay: Replay
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        if where.path == "/events":
            self._stream()
        elif where.path == "/cases":
            self._answer(200, json.dumps(self.replay.listed(parse_qs(where.query))).encode())
        elif where.path.startswith("/cases/") and where.path.count("/") == 2:
            found = self.replay.found(where.path.rpartition("/")[2])
            self._answer(200 if found else 404, json.dumps(found or {}).encode())
        else:
            given = {name: value for name, value in self.headers.items() if name.lower() in PASSED}
            there = httpx2.get(f"{self.replay.api}{self.path}", headers=given, timeout=30, trust_env=False)
            self._answer(there.status_code, there.content, there.headers["content-type"])

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for told in self.replay.stream():
                self.wfile.write(told)
                self.wfile.flush()
        except OSError:
            return  # the board has gone

    def log_message(self, *_words: Any) -> None:
        """Nothing: thousands of requests are what it is for."""


def _shown(later: timedelta) -> str:
    return (datetime.now(UTC) + later).isoformat().replace("+00:00", "Z")
