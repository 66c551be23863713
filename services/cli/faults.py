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
from services.tls import WORDS, fault_of


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
        return say("fault.broker", reason=_in_words(str(error))), 1
    if isinstance(error, CommandError | SQLAlchemyError | PostgresError | OSError | TimeoutError):
        return say("fault.database", reason=kind(error)), 1
    raise error


def kind(error: Exception) -> str:
    """In words where it is a matter of trust; else the kind alone: a database's own may repeat the row it refused."""
    if (fault := fault_of(error)) is not None:
        return say(f"refused.{fault}")
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return type(origin).__name__


def _in_words(reason: str) -> str:
    """The broker's reasons are for the log; what of them is a matter of trust is said in the person's language."""
    for fault, words in WORDS.items():
        reason = reason.replace(words, say(f"refused.{fault}"))
    return reason
