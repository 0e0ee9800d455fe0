"""``python_script`` and ``cli_command``: programs that the configuration allows by name, and no others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reactory.definition.wording import shown
from reactory.exceptions import RetryableStepError, StepNotAllowedError
from reactory.steps.builtin.process import Ended, run_process
from reactory.steps.builtin.wanted import wanted_text, wanted_texts
from reactory.steps.context import StepContext

_LAST_LINES = 5


Body = Callable[..., dict[str, Any]]


def python_script(scripts: Mapping[str, str], env: Mapping[str, str]) -> Body:
    """Runs with this interpreter, isolated: nothing of the environment or the user's folders is imported."""
    words = {name: (sys.executable, "-I", path) for name, path in scripts.items()}
    allowed = _Allowed("script", "REACTORY_ALLOWED_SCRIPTS", words, env)

    def body(ctx: StepContext, **inputs: Any) -> dict[str, Any]:
        """``{stdout, exitCode, outputs}``."""
        if ctx.config.get("code") is not None:
            raise StepNotAllowedError(
                f"code in a document is not run: put it into a file, name that in {allowed.setting}, "
                "and give its name as `script`"
            )
        return allowed.run(ctx, inputs)

    return body


def cli_command(commands: Mapping[str, Sequence[str]], env: Mapping[str, str]) -> Body:
    allowed = _Allowed("command", "REACTORY_ALLOWED_COMMANDS", commands, env)

    def body(ctx: StepContext, **inputs: Any) -> dict[str, Any]:
        """``{stdout, exitCode, outputs}``."""
        return allowed.run(ctx, inputs)

    return body


@dataclass(frozen=True, slots=True)
class _Allowed:
    """``key`` is where a config names one of ``words``, ``env`` what a program sees beside ``PATH``."""

    key: str
    setting: str
    words: Mapping[str, Sequence[str]]
    env: Mapping[str, str]

    def run(self, ctx: StepContext, inputs: Mapping[str, Any]) -> dict[str, Any]:
        name = wanted_text(ctx.config, self.key)
        words = self.words.get(name)
        if words is None:
            raise StepNotAllowedError(
                f"the {self.key} {shown(name)} is not allowed here: add it by this name to {self.setting}"
            )
        given = ctx.config.get("input")
        encoded = msgspec.json.encode(dict(inputs) if given is None else given)
        ended = run_process([*words, *wanted_texts(ctx.config, "args")], encoded, ctx, self.env)
        if ended.exit_code != 0:
            raise RetryableStepError(_failure(self.key, name, ended))
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
