"""``reactory workflow``: registered definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from reactory.cli.client import connect, problem_line, segment
from reactory.cli.failure import NOT_FOUND, REFUSED, CommandError
from reactory.cli.options import DEFAULT_URL, Format, Output, Url
from reactory.cli.output import emit, print_fields, print_table

app = typer.Typer(help="Registered definitions.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(metavar="ID", help="nameSpace.Name or nameSpace.Name@version.")]
YAML = {"Content-Type": "application/yaml"}


@app.command("list")
def list_workflows(
    *,
    name_space: Annotated[str, typer.Option("--namespace", help="Only of this name space.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Only with this tag; may be repeated.")] = None,
    search: Annotated[str, typer.Option("--search", help="Only with this text in id or description.")] = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """All registered versions."""
    query = {"nameSpace": name_space, "tags": ",".join(tag or ()), "search": search}
    with connect(url) as client:
        answer = client.get("/workflow/workflows", query)
    rows = [
        (workflow["workflowId"], workflow["version"], workflow["tags"], workflow["description"])
        for workflow in answer["workflows"]
    ]
    emit(answer, output, lambda: print_table(("WORKFLOW", "VERSION", "TAGS", "DESCRIPTION"), rows))


@app.command("get")
def get_workflow(reference: Reference, url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """One definition, as it was registered."""
    answer = _fetch(reference, url)

    def text() -> None:
        print_fields(
            {name: answer[name] for name in ("id", "description", "tags", "fingerprint", "createdAt", "versions")}
        )
        print()
        print(answer["source"].rstrip())

    emit(answer, output, text)


@app.command("register")
def register(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Workflow documents, YAML or JSON.")],
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Register documents. The same again is fine; another content needs a higher version."""
    answers: list[Any] = []
    with connect(url) as client:
        for file in files:
            try:
                answer = client.request("POST", "/workflow/workflows", body=_read(file), headers=YAML)
            except CommandError as error:
                raise CommandError(f"{file}: {error.message}", error.exit_code, error.details) from error
            answers.append(answer)
    emit(answers if len(answers) > 1 else answers[0], output, lambda: _print_registered(answers, files))


@app.command("graph")
def graph(
    source: Annotated[str, typer.Argument(metavar="ID|FILE", help="A registered workflow, or a document.")],
    url: Url = DEFAULT_URL,
) -> None:
    """The workflow as a Mermaid flowchart."""
    from reactory.cli.graph import flowchart
    from reactory.definition.compile import compile_document, load_program
    from reactory.exceptions import InvalidDefinitionError

    file = Path(source)
    try:
        if file.is_file():
            program = load_program(_read(file), name=source)
        else:
            program = compile_document(_fetch(source, url)["definition"])
    except InvalidDefinitionError as error:
        raise CommandError(error.message, REFUSED) from error
    print(flowchart(program))


def _fetch(reference: str, url: str) -> Any:
    name, _, version = reference.partition("@")
    name_space, dot, last = name.rpartition(".")
    if not dot:
        raise CommandError(f"{reference!r} is no workflow; write nameSpace.Name or nameSpace.Name@1.0.0", REFUSED)
    with connect(url) as client:
        return client.get(f"/workflow/workflows/{segment(name_space)}/{segment(last)}", {"version": version})


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise CommandError(f"there is no file {file}", NOT_FOUND) from error
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error


def _print_registered(answers: list[Any], files: list[Path]) -> None:
    for answer, file in zip(answers, files, strict=True):
        print(f"{answer['workflow']['id']} {'registered' if answer['created'] else 'was registered already'}")
        for warning in answer["warnings"]:
            print(f"  {problem_line(warning, str(file))}")
