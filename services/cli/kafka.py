"""kafka: what each process may do on the broker, as kafka-acls commands or as Strimzi's users. It asks no broker."""

import shlex
from typing import Annotated, Any

import typer
import yaml

from services.broker.rights import Right, parties, rights_of, user_of
from services.cli.session import given
from services.cli.show import print_json
from services.cli.stopped import Stopped
from services.cli.words import say

app = typer.Typer(help=say("help.kafka"), no_args_is_help=True, pretty_exceptions_enable=False)

TOOL = ("kafka-acls.sh", "--bootstrap-server", "BROKER:PORT", "--command-config", "admin.properties")


@app.callback()
def kafka() -> None:
    """A group even while it has one command."""


@app.command(
    help=say("help.kafka.acls"), epilog=say("example", command="quanzu kafka acls · quanzu kafka acls --strimzi")
)
def acls(
    ctx: typer.Context,
    *,
    party: Annotated[list[str] | None, typer.Option("--for", metavar="NAME", help=say("option.acl_party"))] = None,
    principal_prefix: Annotated[str, typer.Option(metavar="TEXT", help=say("option.acl_prefix"))] = "User:quanzu-",
    strimzi: Annotated[bool, typer.Option("--strimzi", help=say("option.acl_strimzi"))] = False,
    cluster: Annotated[str, typer.Option(metavar="NAME", help=say("option.acl_cluster"))] = "kafka",
) -> None:
    unknown = [name for name in party or [] if name not in parties()]
    if unknown:
        raise Stopped(say("fault.no_party", name=unknown[0], known=", ".join(parties())), code=2)
    chosen = [name for name in parties() if not party or name in party]
    if given(ctx).json:
        print_json([right_row(right, principal_prefix) for name in chosen for right in rights_of(name)])
    elif strimzi:
        typer.echo(strimzi_users(chosen, principal_prefix.removeprefix("User:"), cluster), nl=False)
    else:
        for name in chosen:
            typer.echo(f"# {name}")
            for right in rights_of(name):
                typer.echo(shlex.join((*TOOL, *words_of(right, principal_prefix))))


def right_row(right: Right, prefix: str) -> dict[str, Any]:
    return {
        "principal": f"{prefix}{user_of(right.party)}",
        "operations": [operation.value for operation in right.operations],
        right.kind: list(right.names),
        "prefixed": right.prefixed,
    }


def words_of(right: Right, prefix: str) -> list[str]:
    """The words after kafka-acls' own connection."""
    words = ["--add", "--allow-principal", f"{prefix}{user_of(right.party)}"]
    for operation in right.operations:
        words += ["--operation", operation.value]
    for name in _names(right, prefix.removeprefix("User:")):
        words += [f"--{right.kind}", name]
    return [*words, *(("--resource-pattern-type", "prefixed") if right.prefixed else ())]


def strimzi_users(chosen: list[str], prefix: str, cluster: str) -> str:
    """A KafkaUser of each, with a SCRAM password that Strimzi makes and keeps in a Secret of the user's name."""
    return yaml.safe_dump_all((_user(name, prefix, cluster) for name in chosen), sort_keys=False, allow_unicode=True)


def _user(party: str, prefix: str, cluster: str) -> dict[str, Any]:
    rules = [
        {
            "resource": {
                "type": right.kind,
                "name": name,
                "patternType": "prefix" if right.prefixed else "literal",
            },
            "operations": [operation.value for operation in right.operations],
        }
        for right in rights_of(party)
        for name in _names(right, prefix)
    ]
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "metadata": {"name": f"{prefix}{user_of(party)}", "labels": {"strimzi.io/cluster": cluster}},
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": rules},
        },
    }


def _names(right: Right, prefix: str) -> list[str]:
    """A party's own groups begin with its user's name."""
    return [f"{prefix}{name}" if right.prefixed else name for name in right.names]
