"""``reactory status`` and ``reactory health``."""

from __future__ import annotations

from typing import Any

from reactory.cli.client import connect
from reactory.cli.failure import FAILED, CommandError
from reactory.cli.options import DEFAULT_URL, Format, Output, Url
from reactory.cli.output import emit, print_fields, print_table


def status(url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """The system's state in numbers."""
    with connect(url) as client:
        answer = client.get("/workflow/status")
    emit(answer, output, lambda: _print_status(answer))


def health(url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """Is the engine able to do its work? Exit code 1 if it is not."""
    with connect(url) as client:
        answer = client.request("GET", "/health", accept=(503,))
    if "components" not in answer:
        raise CommandError(answer.get("message", "the engine is not available"))
    emit(answer, output, lambda: _print_health(answer))
    if answer["status"] == "unhealthy":
        raise CommandError("the engine is unhealthy", FAILED)


def _print_status(answer: dict[str, Any]) -> None:
    instances, definitions, errors = answer["instances"], answer["definitions"], answer["errors"]
    letters = errors["deadLetters"]
    print_fields(
        {
            "workflows": f"{definitions['workflows']} ({definitions['versions']} versions)",
            "instances": f"{instances['total']} ({instances['active']} active)",
            "errors, last day": ", ".join(f"{category} {count}" for category, count in errors["lastDay"].items()),
            "open circuits": errors["openCircuits"],
            "dead letters": f"{letters['messages']} messages, {letters['instances']} instances",
        },
    )
    print_table(("STATUS", "INSTANCES"), [(name, count) for name, count in instances["byStatus"].items()])


def _print_health(answer: dict[str, Any]) -> None:
    print(answer["status"])
    rows = [
        (name, component["status"], component.get("latencyMs"), component.get("message"))
        for name, component in answer["components"].items()
    ]
    print_table(("COMPONENT", "STATUS", "MS", "MESSAGE"), rows)
