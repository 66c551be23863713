"""Values that may lie nowhere in clear: each is made up, unlike any other, and remembered in every form it could take."""

import base64
import json
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.native.places import bin_folder

LAT, LON = 10.05, -149.95  # in P1; a canary's point is near by, to the sixth decimal


@dataclass(slots=True)
class Canaries:
    """Makes canaries of each kind and finds them again in what was stored, logged or shown."""

    made: list[str] = field(default_factory=list)

    def name(self) -> str:
        return self._kept(f"甲鸟名{self._number}X")

    def phone(self) -> str:
        return self._kept(f"1990000{7000 + self._number}")

    def id_number(self) -> str:
        return self._kept(f"99010219000101{7000 + self._number}")

    def account(self) -> str:
        return self._kept(f"990000000000071{7000 + self._number}")

    def address(self) -> str:
        return self._kept(f"测试省测试县鸟住址{self._number}号")

    def words(self) -> str:
        return self._kept(f"鸟语{self._number}段")

    def point(self) -> dict[str, Any]:
        lat, lon = round(LAT + self._number * 1e-6 + 0.000_3, 6), round(LON - self._number * 1e-6 - 0.000_7, 6)
        self.made += [str(lat), str(-lon)]
        return {"lat": lat, "lon": lon, "datum": "WGS84"}

    @property
    def _number(self) -> int:
        return 100 + len(self.made)

    def _kept(self, value: str) -> str:
        self.made.append(value)
        return value

    def found_in(self, *texts: str | bytes) -> list[str]:
        """The canaries that are somewhere in these, in clear or only encoded."""
        haystack = b"\n".join(text.encode() if isinstance(text, str) else text for text in texts)
        return [value for value in self.made if any(form in haystack for form in _forms(value))]


def _forms(value: str) -> Iterator[bytes]:
    plain = value.encode()
    yield plain
    yield json.dumps(value)[1:-1].encode()
    yield plain.hex().encode()
    yield base64.b64encode(plain[: len(plain) // 3 * 3])
    if value.isdigit():
        yield f"{value[:3]}-{value[3:7]}-{value[7:]}".encode()
    if value.replace(".", "").isdigit() and "." in value:
        for number in (float(value), -float(value)):
            yield struct.pack("<d", number)
            yield struct.pack(">d", number)


async def dumped(conn: AsyncConnection, metadata: MetaData) -> dict[str, bytes]:
    """Every column of every row of every table, as the driver gives it."""
    found = {}
    for name in metadata.tables:
        rows = await conn.exec_driver_sql(f'SELECT * FROM "{name}"')  # noqa: S608 - names of our own tables
        found[name] = b"\n".join(_bytes(cell) for row in rows for cell in row)
    return found


def pg_dumped(url: URL) -> bytes:
    """The whole database as whoever keeps its backups has it."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    argv = (str(bin_folder() / "pg_dump"), "--dbname", plain)
    return subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout


def _bytes(cell: Any) -> bytes:
    if isinstance(cell, bytes | memoryview | bytearray):
        return bytes(cell)
    return cell.encode() if isinstance(cell, str) else repr(cell).encode()
