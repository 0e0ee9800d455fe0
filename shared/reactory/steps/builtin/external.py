"""``python_script`` and ``cli_command``: programs that the configuration allows by name, and no others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from reactory.definition.wording import shown
from reactory.exceptions import RetryableStepError, StepNotAllowedError
from reactory.steps.builtin.process import Ended, run_process
from reactory.steps.builtin.wanted import wanted_text, wanted_texts
from reactory.steps.context import StepContext

_LAST_LINES = 5


def python_script(scripts: Mapping[str, str]) -> Callable[..., dict[str, Any]]:
    """Runs with this interpreter, isolated: nothing of the environment or the user's folders is imported."""
    words = {name: (sys.executable, "-I", path) for name, path in scripts.items()}

    def body(ctx: StepContext, **inputs: Any) -> dict[str, Any]:
        """``{stdout, exitCode, outputs}``."""
        return _run(ctx, inputs, words, "script", "REACTORY_ALLOWED_SCRIPTS")

    return body


def cli_command(commands: Mapping[str, Sequence[str]]) -> Callable[..., dict[str, Any]]:
    def body(ctx: StepContext, **inputs: Any) -> dict[str, Any]:
        """``{stdout, exitCode, outputs}``."""
        return _run(ctx, inputs, commands, "command", "REACTORY_ALLOWED_COMMANDS")

    return body


def _run(
    ctx: StepContext, inputs: Mapping[str, Any], allowed: Mapping[str, Sequence[str]], key: str, setting: str
) -> dict[str, Any]:
    name = wanted_text(ctx.config, key)
    if name not in allowed:
        raise StepNotAllowedError(f"the {key} {shown(name)} is not allowed here: add it by this name to {setting}")
    given = ctx.config.get("input")
    encoded = msgspec.json.encode(dict(inputs) if given is None else given)
    ended = run_process([*allowed[name], *wanted_texts(ctx.config, "args")], encoded, ctx)
    if ended.exit_code != 0:
        raise RetryableStepError(_failure(key, name, ended))
    stdout = ended.stdout.decode("utf-8", "replace")
    return {"stdout": stdout, "exitCode": 0, "outputs": _outputs(ended.stdout)}


def _outputs(stdout: bytes) -> Any:
    """What it wrote, if that is JSON; else null."""
    try:
        return msgspec.json.decode(stdout)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _failure(key: str, name: str, ended: Ended) -> str:
    lines = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-_LAST_LINES:]
    how = f"ended with {ended.exit_code}" if ended.exit_code > 0 else f"was killed by signal {-ended.exit_code}"
    said = "\n".join(lines) or "it wrote nothing to its standard error"
    return f"the {key} {shown(name)} {how}: {said}"
