"""``reactory``: the root of all commands."""

from __future__ import annotations

import typer

from reactory.cli import circuit, dead_letter, demo, dev, errors, event, operations, system, task, validate, workflow
from reactory.cli.failure import Commands

app = typer.Typer(
    name="reactory",
    help="Durable workflows: run the engine on this machine, and talk to it wherever it runs.",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("dev")(dev.dev)
app.command("demo")(demo.demo)
app.command("validate")(validate.validate)
app.command("status")(system.status)
app.command("health")(system.health)
app.add_typer(workflow.app, name="workflow")
app.add_typer(operations.app, name="instance")  # those of ``instance`` and its own
app.add_typer(event.app, name="event")
app.add_typer(task.app, name="task")
app.add_typer(errors.app, name="errors")
app.add_typer(circuit.app, name="circuit")
app.add_typer(dead_letter.app, name="dead-letter")


def main() -> None:
    """The entry point of the ``reactory`` script."""
    app()
