"""What ``reactory validate`` finds in one file: a workflow document, a schedule, or a module's manifest.

A document that belongs to a module is judged with the module's Python steps, so that a handler that nobody registers is
found; any other document can only be judged by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reactory.steps.manifest import MANIFEST_NAME, SCHEDULE_ENDINGS

if TYPE_CHECKING:
    from reactory.definition.problem import Problem
    from reactory.steps.modules import Module

NO_MODULE = "handlers not checked: no module.yaml beside it"
BROKEN_MODULE = "handlers not checked: its module has problems"


class Checker:
    """Checks paths, each file once; a module is loaded once however many of its files are named."""

    def __init__(self) -> None:
        self._modules: dict[Path, Module] = {}
        self._seen: set[Path] = set()

    def check(self, path: Path) -> Iterator[dict[str, Any]]:
        """One answer per file. A folder is the module in it, or the modules in its sub-folders."""
        if not path.is_dir():
            yield from self._once(path)
            return
        manifests = [path / MANIFEST_NAME]
        if not manifests[0].is_file():
            manifests = sorted(path.glob(f"*/{MANIFEST_NAME}")) or manifests
        for manifest in manifests:
            yield from self._once(manifest)
            module = self._module(manifest.parent)
            for file in (*module.workflows, *module.schedules):
                yield from self._once(file.path)

    def _once(self, file: Path) -> Iterator[dict[str, Any]]:
        resolved = file.resolve()
        if resolved not in self._seen:
            self._seen.add(resolved)
            if file.name == MANIFEST_NAME:
                yield from self._manifest(file)
            else:
                yield from self._python(file) if file.suffix == ".py" else self._text(file)

    def _module(self, folder: Path) -> Module:
        from reactory.steps.modules import load_module

        known = folder.resolve()
        if known not in self._modules:
            self._modules[known] = load_module(folder)
        return self._modules[known]

    def _manifest(self, file: Path) -> Iterator[dict[str, Any]]:
        """The manifest's own answer, and one for each other file of the module with a fault, such as a steps file."""
        from reactory.definition.problem import Problem

        found: dict[str, list[Problem]] = {str(file): []}
        for fault in self._module(file.parent).faults:
            place = str(file) if Path(fault.file).resolve() == file.resolve() else fault.file
            problem = Problem(code=fault.code, path="", message=fault.message, line=fault.line)
            found.setdefault(place, []).append(problem)
        missing = any(problem.code == "MODULE_NOT_FOUND" for problem in found[str(file)])
        for place, problems in found.items():
            yield _answer(place, problems, missing=missing and place == str(file))

    def _text(self, file: Path) -> Iterator[dict[str, Any]]:
        from reactory.definition.problem import Problem

        try:
            text = file.read_bytes()
        except OSError as error:
            problem = Problem(code="UNREADABLE_FILE", path="", message=f"cannot be read: {error.strerror}")
            yield _answer(str(file), [problem], missing=True)
            return
        yield from _schedule(file, text) if self._is_schedule(file, text) else self._document(file, text)

    def _document(self, file: Path, text: bytes) -> Iterator[dict[str, Any]]:
        from reactory.definition.validate import validate as problems_of
        from reactory.exceptions import InvalidDefinitionError
        from reactory.runner.envelope import read_document

        handlers, note = self._handlers(file)
        try:
            document = read_document(text, name=str(file))
            problems = list(problems_of(document, handlers=handlers, policies=_policies()))
        except InvalidDefinitionError as error:
            problems = list(error.problems)
        yield _answer(str(file), problems, missing=False, note=note)

    def _is_schedule(self, file: Path, text: bytes) -> bool:
        """By its name, because its module lists it as one, or by what is written in it."""
        module, place = self._nearest(file), file.resolve()
        listed = [schedule.path.resolve() for schedule in module.schedules] if module else []
        return file.name.endswith(SCHEDULE_ENDINGS) or place in listed or _reads_as_schedule(text)

    def _python(self, file: Path) -> Iterator[dict[str, Any]]:
        """A file of workflows in Python: it is built with its module, whose faults say what is wrong with it."""
        import msgspec

        from reactory.definition.document import load_document
        from reactory.definition.problem import Problem
        from reactory.definition.validate import validate as problems_of

        module, place = self._nearest(file), file.resolve()
        faults = [fault for fault in module.faults if Path(fault.file).resolve() == place] if module else []
        sources = [source for source in module.workflows if source.path.resolve() == place] if module else []
        problems = [Problem(code=fault.code, path="", message=fault.message, line=fault.line) for fault in faults]
        if not faults and not sources:
            said = "workflows in Python are checked with their module: put a module.yaml beside it that names the file"
            problems = [Problem(code="MODULE_NOT_FOUND", path="", message=said)]
        handlers, note = self._handlers(file) if sources else (None, "")
        for source in sources:
            document = load_document(source.text, name=str(file))
            found = problems_of(document, handlers=handlers, policies=_policies())
            problems += [msgspec.structs.replace(problem, line=None) for problem in found]
        yield _answer(str(file), problems, missing=False, note=note)

    def _handlers(self, file: Path) -> tuple[frozenset[str] | None, str]:
        """The steps that the file may name; None with the reason when they are not known."""
        module = self._owner(file)
        if module is None:
            return None, NO_MODULE
        if module.manifest is None or any(fault.code == "STEPS_NOT_IMPORTED" for fault in module.faults):
            return None, BROKEN_MODULE
        return frozenset(step.name for step in module.steps), ""

    def _owner(self, file: Path) -> Module | None:
        """The module beside the file, or the nearest one above it whose manifest names the file."""
        module, resolved = self._nearest(file), file.resolve()
        if module is None:
            return None
        named = {workflow.path.resolve() for workflow in module.workflows}
        return module if module.folder.resolve() == resolved.parent or resolved in named else None

    def _nearest(self, file: Path) -> Module | None:
        folder = next((parent for parent in file.resolve().parents if (parent / MANIFEST_NAME).is_file()), None)
        return None if folder is None else self._module(folder)


def _reads_as_schedule(text: bytes) -> bool:
    from reactory.definition.document import load_document
    from reactory.exceptions import InvalidDefinitionError

    try:
        data = load_document(text).data
    except InvalidDefinitionError:
        return False
    return {"schedule", "workflow"} <= data.keys() and "steps" not in data


def _schedule(file: Path, text: bytes) -> Iterator[dict[str, Any]]:
    from reactory.exceptions import InvalidScheduleError
    from reactory.scheduler.document import parse_schedule

    problems: Sequence[Problem] = ()
    try:
        parse_schedule(text, name=str(file))
    except InvalidScheduleError as error:
        problems = error.problems
    yield _answer(str(file), problems, missing=False)


def _answer(file: str, problems: Sequence[Problem], *, missing: bool, note: str = "") -> dict[str, Any]:
    import msgspec

    from reactory.runner.answers import problem_answer

    return {
        "file": file,
        "valid": not any(problem.severity == "error" for problem in problems),
        "missing": missing,
        "note": note,
        "problems": [msgspec.to_builtins(problem_answer(problem)) for problem in problems],
    }


def _policies() -> Collection[str]:
    """The names of the retry policies that the environment configures, as an engine on this machine would see them."""
    from reactory.exceptions import InvalidSettingsError
    from reactory.settings import read_settings

    try:
        return read_settings().retry_policies
    except InvalidSettingsError:
        return ()
