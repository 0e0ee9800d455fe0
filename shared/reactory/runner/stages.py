"""The start pipeline, stage by stage, in the order of WR-7. A stage rejects by raising its own error.

Authentication, authorisation, configuration and admission take their places in ``STAGES`` as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from reactory.definition.inputs import accept_input
from reactory.exceptions import InvalidInputError, InvalidRequestError, PayloadTooLargeError
from reactory.kernel.rules import RULES, Rules
from reactory.runner.pinning import rules_for
from reactory.runner.rate_limiter import RateLimiter
from reactory.runner.request import StartRequest
from reactory.settings import Settings

if TYPE_CHECKING:
    from reactory.definition.program import Program
    from reactory.host.definitions import Definitions
    from reactory.ports.store import StoredDefinition

MAX_TAGS = 50
MAX_NAME = 256


@dataclass(slots=True)
class Draft:
    """A request on its way through the pipeline. Each stage fills in what it is named for."""

    request: StartRequest
    definition: StoredDefinition | None = None
    program: Program | None = None
    data: Any = None
    encoded: bytes = b"{}"
    rules: Rules = RULES


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What the stages read. ``resolved`` remembers within one call, so that a thousand starts look a workflow up once."""

    settings: Settings
    programs: Definitions
    limiter: RateLimiter
    resolved: dict[tuple[str, str, str | None], StoredDefinition] = field(default_factory=dict)


def limit_rate(pipeline: Pipeline, draft: Draft) -> None:
    """WR-7: starts that a caller asks for are counted per workflow, before anything looks at what they bring along."""
    request = draft.request
    if request.mode == "api" and request.caller is not None:
        pipeline.limiter.check_start(request.tenant, request.workflow.partition("@")[0], request.caller)


def check_labels(_: Pipeline, draft: Draft) -> None:
    """Tags, keys and ids are labels: bounded, printable, not empty."""
    request = draft.request
    if len(request.tags) > MAX_TAGS:
        raise InvalidRequestError(f"an instance has at most {MAX_TAGS} tags; these are {len(request.tags)}")
    labels: list[tuple[str, str | None]] = [("tags", tag) for tag in request.tags]
    labels += [("Idempotency-Key", request.idempotency_key), ("correlationId", request.correlation_id)]
    for name, label in labels:
        if label is not None and not (0 < len(label) <= MAX_NAME and label.isprintable()):
            raise InvalidRequestError(f"{name}: must be 1 to {MAX_NAME} printable characters")
    if request.priority is not None and request.priority not in (1, 2, 3, 4):
        raise InvalidRequestError("priority: must be 1 (low), 2 (normal), 3 (high) or 4 (critical)")
    if request.timeout is not None and request.timeout < 1:
        raise InvalidRequestError("timeout: must be a positive number of milliseconds")


def resolve_definition(pipeline: Pipeline, draft: Draft) -> None:
    """``ns.Name`` or ``ns.Name@v`` → one registered version, compiled (WR-4, WR-5)."""
    request = draft.request
    pinned = request.workflow.partition("@")[2]
    if pinned and request.version and pinned != request.version:
        raise InvalidRequestError(
            f"version: {request.version!r} contradicts {request.workflow!r}; give the version once",
        )
    wanted = request.tenant, request.workflow, request.version
    found = pipeline.resolved.get(wanted)
    if found is None:
        found = pipeline.resolved[wanted] = pipeline.programs.resolve(*wanted)
    draft.definition = found
    draft.program = pipeline.programs.program(request.tenant, found.workflow_id, found.version, found.fingerprint)


def check_size(pipeline: Pipeline, draft: Draft) -> None:
    """WR-15: start data over the request limit are refused before anything looks into them."""
    limit = pipeline.settings.request_limit
    try:
        size = len(msgspec.json.encode(draft.request.data))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequestError(f"the input is no JSON value: {error}") from error
    if size > limit:
        raise PayloadTooLargeError(
            f"the input has {size} bytes, the limit is {limit}; pass a reference to the data instead "
            "(or raise REACTORY_REQUEST_LIMIT)",
        )


def accept_data(_: Pipeline, draft: Draft) -> None:
    """YF-2, DF-2: types coerced, defaults applied, every problem reported at once."""
    assert draft.program is not None
    kin = draft.request.kin
    if kin is not None and kin.fragment is not None:  # the engine's own input, which no document declares
        draft.encoded = msgspec.json.encode(draft.request.data)
        return
    data = {} if draft.request.data is None else draft.request.data
    if not isinstance(data, dict):
        raise InvalidInputError("the input must be a JSON object with one member per declared input")
    accepted, problems = accept_input(draft.program.inputs, data)
    if problems:
        count = len(problems)
        raise InvalidInputError(
            f"the input of {draft.program.reference} has {count} problem{'s' if count > 1 else ''}: "
            + "; ".join(problem.message for problem in problems[:5]),
            problems,
        )
    draft.data = accepted
    draft.encoded = msgspec.json.encode(accepted)


def pin_rules(pipeline: Pipeline, draft: Draft) -> None:
    """EH-10: the retry rules of this moment stay those of the instance; a part of one has the rules of the whole."""
    assert draft.program is not None
    kin = draft.request.kin
    if kin is not None and kin.rules is not None:
        draft.rules = msgspec.convert(kin.rules, Rules)
        return
    draft.rules = rules_for(pipeline.settings, draft.program)


Stage = Callable[[Pipeline, Draft], None]

STAGES: tuple[Stage, ...] = (limit_rate, check_labels, resolve_definition, check_size, accept_data, pin_rules)
