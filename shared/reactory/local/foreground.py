"""``reactory dev`` in a terminal: start, tell what is there, run until Ctrl-C, stop in order."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

from reactory.exceptions import ReactoryError
from reactory.local.output import Output

if TYPE_CHECKING:
    from reactory.local.stack import LocalStack

LOOK_SECONDS = 1.0
FORCED = 130


def run_in_foreground(stack: LocalStack, output: Output) -> int:
    """The exit code: 0 after an orderly stop, 1 when it could not start or lost its database, 130 when forced."""
    signal.signal(signal.SIGTERM, _interrupt)
    # Python installs none of its own where SIGINT is inherited as ignored: a script's ``reactory dev &``.
    signal.signal(signal.SIGINT, _interrupt)
    code = 0
    try:
        try:
            output.say("Starting …")
            stack.start()
            for line in banner(stack):
                output.say(line)
            code = _run(stack, output)
        except KeyboardInterrupt:
            output.say("Stopping: finishing what runs (Ctrl-C again stops at once) …")
        except ReactoryError as error:
            sys.stderr.write(f"reactory dev: {error.message}\n")
            return 1
        stack.stop()
    except KeyboardInterrupt:
        stack.kill()
        output.say("Stopped at once. What was unfinished continues at the next start.")
        return FORCED
    output.say("Stopped. What is unfinished continues at the next start." if code == 0 else "Stopped.")
    return code


def banner(stack: LocalStack) -> list[str]:
    """What a person wants to know when the stack is up."""
    prepared = stack.prepared
    mongod = stack.mongod
    lines = [f"Reactory is up at {stack.url}", ""]
    if mongod:
        lines += [f"  data       {stack.data}", f"  mongod     process {mongod.pid}, {stack.mongodb_uri}"]
    else:
        lines.append("  MongoDB    the one of MONGODB_URI")
    lines.append(f"  services   {stack.services.title}")
    lines.append(f"  modules    {', '.join(prepared.modules) or 'none: name folders with --modules'}")
    lines += [f"  workflow   {workflow}" for workflow in prepared.workflows]
    lines += [f"  schedule   {schedule}" for schedule in prepared.schedules]
    lines += [f"  problem    {fault}" for fault in prepared.faults]
    lines += [f"  warning    {warning}" for warning in prepared.warnings]
    return [*lines, "", "Press Ctrl-C to stop."]


def _run(stack: LocalStack, output: Output) -> int:
    """Until interrupted; 1 if the database ends first."""
    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        if stack.mongod and not stack.mongod.alive:
            output.say(f"mongod has ended; {stack.data}/mongod.log says why. Stopping …")
            break
    return 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
