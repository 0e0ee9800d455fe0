"""``reactory demo``: the whole stack, one real order through it, shown live; then everything is stopped again."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reactory.cli.failure import FAILED, CommandError

if TYPE_CHECKING:
    from reactory.cli.client import Client

WORKFLOW = "acme-orders.Fulfil"
MODULES = Path("workflows")
ORDER = MODULES / "acme-orders" / "orders" / "order-1001.json"


def demo(
    order: Annotated[Path, typer.Option(help="The order, a JSON file.")] = ORDER,
    modules: Annotated[Path, typer.Option(help="The folder with the example module.")] = MODULES,
) -> None:
    """Start the stack on a database of its own, run one order through it, show it, and stop. Exit code 0 if it worked."""
    from reactory.cli.client import connect
    from reactory.exceptions import ReactoryError
    from reactory.local.options import DevOptions
    from reactory.local.output import Quiet
    from reactory.local.stack import LocalStack

    data = _read(order)
    _say("1  Starting the stack: a real MongoDB, the HTTP API, queues, and the functions as they run on AWS Lambda …")
    with tempfile.TemporaryDirectory(prefix="reactory-demo-") as folder:
        options = DevOptions(
            port=0, modules=(modules,), data=Path(folder) / "data", database="reactory_demo", reload=False
        )
        try:
            with LocalStack(options, output=Quiet()) as stack, connect(stack.url) as client:
                _say(f"   It is up at {stack.url}")
                instance = _run(client, order, data)
        except ReactoryError as error:
            raise CommandError(error.message) from error
    _say("\nThe stack is stopped. Next: `make dev` keeps it running, and README.md shows what to do with it.")
    if instance["status"] != "COMPLETED":
        raise typer.Exit(FAILED)


def _read(order: Path) -> dict[str, Any]:
    try:
        data = json.loads(order.read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"the order {order} cannot be read: {error}; run it in the project's folder") from error
    if not isinstance(data, dict):
        raise CommandError(f"the order {order} must be a JSON object")
    return data


def _run(client: Client, order: Path, data: dict[str, Any]) -> dict[str, Any]:
    """One order from its start to its end, its result and its history printed."""
    from reactory.cli.instance import print_history
    from reactory.cli.watch import watch

    _say(f"\n2  Starting {WORKFLOW} with {order}: POST /workflow/start/{WORKFLOW}")
    started = client.request("POST", f"/workflow/start/{WORKFLOW}", body=data)
    _say(f"   Instance {started['instanceId']}. The payment service fails twice on purpose: watch `charge`.\n")
    instance = watch(client, started["instanceId"]).instance
    _say("\n3  The result: GET /workflow/instance/{id}\n")
    _say(json.dumps(instance["outputs"], indent=2))
    _say("\n4  The history, every attempt in order: GET /workflow/instance/{id}/history\n")
    print_history(client.get(f"/workflow/instance/{started['instanceId']}/history", {"limit": 1000}))
    return instance


def _say(text: str) -> None:
    print(text, flush=True)
