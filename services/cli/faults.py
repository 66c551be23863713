"""What an exception means to the person at the terminal: one line and an exit code. Anything unknown stays a traceback."""

from alembic.util.exc import CommandError
from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from services.broker.link import BrokerSilent
from services.broker.producer import SendUnknown
from services.cli.stopped import Stopped
from services.cli.words import say
from services.handlers.csv_rows import BadFile
from services.settings import BadSetting
from services.store.sealing import CannotOpen


def told(error: Exception) -> tuple[str, int]:
    """(one line, exit code). An exception that nobody foresaw is raised again: it is a bug and shows where."""
    if isinstance(error, Stopped):
        return str(error), error.code
    if isinstance(error, BadSetting):
        return str(error), 2
    if isinstance(error, BadFile):
        return say(f"file.{error.why}", **error.given), 2
    if isinstance(error, CannotOpen):
        return say("fault.cannot_open"), 1
    if isinstance(error, BrokerSilent | SendUnknown):
        return say("fault.broker", reason=str(error)), 1
    if isinstance(error, CommandError | SQLAlchemyError | PostgresError | OSError | TimeoutError):
        return say("fault.database", reason=_kind(error)), 1
    raise error


def _kind(error: Exception) -> str:
    """The kind alone: a database's own words may repeat the row it refused."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return type(origin).__name__
