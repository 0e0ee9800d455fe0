"""``Flow``: one method per step type. Each adds a step and returns a reference to it, whose fields are its outputs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Unpack

from reactory.definition.authoring.blocks import (
    Body,
    ConditionBlock,
    ForEachBlock,
    ParallelBlock,
    SagaBlock,
    StepsBlock,
    SwitchBlock,
)
from reactory.definition.authoring.builder import Builder, Step
from reactory.definition.authoring.expression import Expression, StepReference, id_of, text_of, view_of
from reactory.definition.authoring.options import StepOptions, Time, given, step_fields
from reactory.definition.authoring.typeview import UNKNOWN, TypeView
from reactory.definition.authoring.value import (
    condition_value,
    document_value,
    duration_config,
    expression_value,
    items_value,
    milliseconds,
)
from reactory.definition.codes import MISSING_FIELD, UNKNOWN_FIELD
from reactory.definition.handler import Handler, handler_of
from reactory.definition.wording import suggestion
from reactory.exceptions import ReactoryError

if TYPE_CHECKING:
    from reactory.definition.authoring.workflow import Workflow

_OPTIONS = frozenset(StepOptions.__annotations__)
_TEXT, _NUMBER = {"type": "string"}, {"type": "number"}


class Flow:
    """What a workflow function writes its steps with.

    A step follows the one above it unless ``depends_on`` says otherwise. Its id is ``id``, else a name after what it
    does; give ids to the steps that people will look for.
    """

    def __init__(self, builder: Builder, view: TypeView = UNKNOWN) -> None:
        self._builder = builder
        self.input: Any = Expression("input", view=view)
        self.variables: Any = Expression("variables")
        self.env: Any = Expression("env")
        self.workflow: Any = Expression("workflow")
        """``id``, ``instanceId``, ``version``, ``tenant``, ``startedAt`` of the run."""

    # --- Python steps --------------------------------------------------------------------------------------------

    def task(
        self,
        handler: Callable[..., Any] | str,
        /,
        *,
        inputs: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        options: StepOptions | None = None,
        **arguments: Any,
    ) -> Any:
        """Run a Python step: a function marked with ``@step``, or the name of one.

        ``arguments`` are those of the function, checked against its signature, and the ``StepOptions``. Where a name is
        both, the function's own argument is meant: the field of the step goes into ``options``. By the name of a step
        the option is meant, and arguments of such names, like those that are no names in Python, go into ``inputs``.
        """
        step = None if isinstance(handler, str) else handler_of(handler)
        own = step.accepted if step is not None else frozenset()
        chosen = StepOptions(**{name: arguments.pop(name) for name in [*arguments] if name in _OPTIONS - own})  # type: ignore[typeddict-item]
        passed = {**(inputs or {}), **arguments}
        name = step.name if step is not None else str(handler)
        data: Step = {"config": {"handler": name, **self._value(config or {}, "config")}}
        if passed or inputs is not None:
            data["inputs"] = self._value(passed, "inputs")
        added = self._add("task", name.rpartition(".")[2], data, {**chosen, **(options or {})})
        if step is None:
            return StepReference(added["id"])
        self._builder.handlers[step.name] = step
        self._check(step, passed, added)
        return StepReference(added["id"], self._view(step.output_schema()))

    def _check(self, step: Handler, passed: Mapping[str, Any], added: Step) -> None:
        for name in [name for name in passed if name not in step.accepted and not step.is_open]:
            known = sorted(step.accepted - passed.keys()) or sorted(step.accepted)
            advice = suggestion(name, known) if known else "it takes no arguments"
            said = f"{step.name} has no argument {name!r}; {advice}"
            self._builder.complain(said, added, UNKNOWN_FIELD, ("inputs", name))
        for name in sorted(step.required - passed.keys()):
            said = f"{step.name} needs the argument {name!r}"
            self._builder.complain(said, added, MISSING_FIELD, ("inputs", name))

    def custom(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """The Python step that has the step's ``name`` or ``id``; without one, its config comes back."""
        data = given({"config": self._maybe(config, "config"), "inputs": self._maybe(inputs, "inputs")})
        return StepReference(self._add("custom", options.get("name") or "custom", data, options)["id"])

    # --- values and marks ----------------------------------------------------------------------------------------

    def start(self, **options: Unpack[StepOptions]) -> Any:
        """A mark for the beginning."""
        return StepReference(self._add("start", "start", {}, options)["id"])

    def end(self, **options: Unpack[StepOptions]) -> None:
        """Finish the whole instance as COMPLETED, wherever it stands."""
        self._add("end", "end", {}, options)

    def log(
        self,
        message: Any,
        *,
        level: Literal["debug", "info", "warn", "error"] | None = None,
        data: Any = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """Write a line into the log."""
        config = given({"message": message, "level": level, "data": data})
        return self.step("log", config=config, outputs_schema=_record(message=_TEXT, level=_TEXT), **options)

    def set_variable(self, key: str, value: Any, **options: Unpack[StepOptions]) -> Any:
        """Set a variable, from then on ``flow.variables.<key>``."""
        config = {"action": "set", "key": key, "value": value}
        return self.step("set_variable", f"set_{key}", config=config, **options)

    def get_variable(self, key: str, **options: Unpack[StepOptions]) -> Any:
        """Read a variable whose name is computed; others are ``flow.variables.<key>``."""
        return self.step("set_variable", f"get_{key}", config={"action": "get", "key": key}, **options)

    def delete_variable(self, key: str, **options: Unpack[StepOptions]) -> Any:
        """Remove a variable."""
        return self.step("set_variable", f"delete_{key}", config={"action": "delete", "key": key}, **options)

    # --- order and choice ----------------------------------------------------------------------------------------

    def condition(self, when: Any, /, **options: Unpack[StepOptions]) -> Any:
        """``with flow.condition(quote.total > 100) as large:``, then, if need be, ``with large.otherwise():``."""
        step = self._container("condition", {"condition": self._expression(condition_value, when)}, options)
        return ConditionBlock(self._builder, step, self._view(_record(branch=_TEXT)))

    def switch(self, value: Any, **options: Unpack[StepOptions]) -> Any:
        """``with flow.switch(input.country) as country:`` with ``with country.case("FR"):`` in it."""
        step = self._container("switch", {"value": self._expression(expression_value, value)}, options)
        return SwitchBlock(self._builder, step, UNKNOWN)

    def parallel(
        self,
        *,
        join: Literal["all", "any"] | Mapping[str, Any] | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool | None = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """``with flow.parallel() as both:`` with ``with both.branch("left"):`` in it."""
        config = {"join": join, "maxConcurrency": max_concurrency, "failFast": fail_fast}
        return ParallelBlock(self._builder, self._container("parallel", given(config), options), UNKNOWN)

    def join(
        self,
        steps: Sequence[Any] | None = None,
        *,
        strategy: Literal["all", "any", "n_of"] | None = None,
        count: int | None = None,
        within: Time | None = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """Wait for ``steps``; it fails when they are not there ``within`` that time."""
        if steps is not None:
            options["depends_on"] = steps
        config = given({"strategy": strategy, "count": count, "timeout": self._time(within)})
        return self.step("join", config=config or None, **options)

    # --- loops ---------------------------------------------------------------------------------------------------

    def for_each(
        self,
        items: Any,
        *,
        item: str | None = None,
        index: str | None = None,
        max_concurrency: int | None = None,
        distributed: Mapping[str, Any] | None = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """``with flow.for_each(input.lines) as line:``. Items run side by side unless ``max_concurrency`` is 1.

        ``item`` and ``index`` name them in the document. In a loop inside a loop they are named apart from the outer ones.
        """
        depth = self._builder.loops
        names = (
            item or ("item" if not depth else f"item_{depth + 1}"),
            index or ("index" if not depth else f"index_{depth + 1}"),
        )
        config = given(
            {
                "items": self._expression(items_value, items),
                "itemVariable": names[0] if depth or item is not None else None,
                "indexVariable": names[1] if depth or index is not None else None,
                "maxConcurrency": max_concurrency,
                "distributed": distributed,
            }
        )
        step = self._container("for_each", config, options)
        results = self._view(_record(results={"type": "array"}))
        variable = Expression(names[0], view=view_of(items).item())
        counter = Expression(names[1], view=TypeView({"type": "integer"}))
        return ForEachBlock(self._builder, step, results, item=variable, index=counter)

    def while_(self, when: Any, /, *, max_iterations: int | None = None, **options: Unpack[StepOptions]) -> Any:
        """``with flow.while_(flow.variables.left > 0):``; the condition is looked at before each round."""
        config = given({"condition": self._expression(condition_value, when), "maxIterations": max_iterations})
        step = self._container("while", config, options)
        return StepsBlock(self._builder, step, self._view(_record(iterations={"type": "integer"})))

    def recur(self, interval: Any, *, until: Any, **options: Unpack[StepOptions]) -> Any:
        """``with flow.recur("5m", until=poll.done):``: again and again, with a pause, until the condition holds."""
        config = {"interval": self._plain(interval), "until": self._expression(condition_value, until)}
        step = self._container("recur", config, options)
        return StepsBlock(self._builder, step, self._view(_record(iterations={"type": "integer"})))

    # --- time ----------------------------------------------------------------------------------------------------

    def delay(
        self,
        duration: Time | None = None,
        *,
        until: str | datetime | Expression | None = None,
        reason: Any = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """Wait for that long, or until a time. Nothing runs meanwhile."""
        moment = until.isoformat() if isinstance(until, datetime) else until
        config = given({**self._duration(duration), "until": moment, "reason": reason})
        schema = _record(delayDuration=_NUMBER, actualDuration=_NUMBER)
        return self.step("delay", config=config, outputs_schema=schema, **options)

    def schedule(self, duration: Time, **options: Unpack[StepOptions]) -> Any:
        """``with flow.schedule("2h"):``: its steps run later, while what follows goes on at once."""
        return StepsBlock(self._builder, self._container("schedule", self._duration(duration), options), UNKNOWN)

    # --- undoing -------------------------------------------------------------------------------------------------

    def saga(self, **options: Unpack[StepOptions]) -> Any:
        """``with flow.saga() as booking:``: when a step in it fails, what was done is undone in reverse order."""
        step = self._container("saga", {}, options)
        return SagaBlock(self._builder, step, self._view(_record(compensated={"type": "boolean"})))

    def compensation(self, of: StepReference | str) -> Body[None]:
        """``with flow.compensation(reserve):``: the steps that undo a step; the same as its ``compensate_with``."""
        wanted = id_of(of)
        step = next((step for step in reversed(self._builder.here) if step.get("id") == wanted), None)
        if step is None:
            self._builder.complain(f"there is no step {wanted!r} above in this list: write its compensation below it")
            step = {}
        return Body(self._builder, step.setdefault("compensateWith", []), None)

    # --- events, people, others ----------------------------------------------------------------------------------

    def wait_event(
        self,
        event: Any,
        *,
        key: Any = None,
        effective_date: Any = None,
        on_timeout: Literal["fail", "continue"] | None = None,
        output_variable: str | None = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """Wait for an event of that name and key; as a value, its payload."""
        config = given(
            {
                "eventName": event,
                "eventKey": None if key is None else self._expression(expression_value, key),
                "effectiveDate": effective_date,
                "timeout": self._time(options.pop("timeout", None)),
                "onTimeout": on_timeout,
                "outputVariable": output_variable,
            }
        )
        return self.step("wait_event", f"wait_{_word(event)}", config=config, **options)

    def emit(self, event: Any, *, key: Any = None, data: Any = None, **options: Unpack[StepOptions]) -> Any:
        """Publish an event."""
        shown_key = None if key is None else self._expression(expression_value, key)
        config = given({"eventName": event, "eventKey": shown_key, "data": data})
        schema = _record(eventId=_TEXT)
        return self.step("emit_event", f"emit_{_word(event)}", config=config, outputs_schema=schema, **options)

    def activity(
        self,
        activity: Any,
        parameters: Any = None,
        *,
        heartbeat: Time | None = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """Work that a worker elsewhere takes and answers."""
        times = {"timeout": self._time(options.pop("timeout", None)), "heartbeat": self._time(heartbeat)}
        config = given({"activityName": activity, "parameters": parameters, **times})
        return self.step("activity", _word(activity), config=config, **options)

    def user_activity(
        self,
        kind: Literal["approval", "input", "review", "acknowledgement"],
        *,
        assignee: Any = None,
        choices: Any = None,
        message: Any = None,
        form: Mapping[str, Any] | None = None,
        escalation: Mapping[str, Any] | None = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """A task for a person; as a value ``action``, ``user`` and ``data`` of the answer."""
        config = given(
            {
                "activityType": kind,
                "assignee": assignee,
                "options": choices,
                "message": message,
                "form": form,
                "timeout": self._time(options.pop("timeout", None)),
                "escalation": escalation,
            }
        )
        return self.step("user_activity", kind, config=config, **options)

    def invoke(
        self,
        workflow: Workflow | str | Expression,
        *,
        input: Any = None,  # noqa: A002 - the word of the document
        wait: bool | None = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """Start another workflow, and wait for its end where ``wait`` is true; as a value ``instanceId``, ``status``, ``data``."""
        target = workflow if isinstance(workflow, str | Expression) else workflow.id
        config = given(
            {
                "workflowId": target,
                "input": input,
                "waitForCompletion": wait,
                "timeout": self._time(options.pop("timeout", None)),
            }
        )
        return self.step("invoke_workflow", _word(target).partition("@")[0], config=config, **options)

    def api_call(
        self, method: str, url: Any, config: Mapping[str, Any] | None = None, **options: Unpack[StepOptions]
    ) -> Any:
        """An HTTP request; ``config`` holds ``headers``, ``params``, ``body`` and the rest of its type's fields."""
        return self.step("api_call", config={"url": url, "method": method, **(config or {})}, **options)

    # --- any other -----------------------------------------------------------------------------------------------

    def step(
        self,
        kind: str,
        wish: str | None = None,
        /,
        *,
        config: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
        outputs_schema: Mapping[str, Any] | None = None,
        **options: Unpack[StepOptions],
    ) -> Any:
        """A step of any type, with the ``config`` of the document. ``outputs_schema`` tells the type of what it gives."""
        data = given({"config": self._maybe(config, "config"), "inputs": self._maybe(inputs, "inputs")})
        step = self._add(kind, wish or kind, data, options)
        return StepReference(step["id"], self._view(dict(outputs_schema)) if outputs_schema else UNKNOWN)

    def raw(self, step: Mapping[str, Any]) -> Any:
        """A step as the document has it, steps inside included."""
        data = copy.deepcopy(dict(step))
        self._builder.add(data)
        return StepReference(str(data.get("id")))

    # --- how a step is put together ---------------------------------------------------------------------------------

    def _container(self, kind: str, config: dict[str, Any], options: StepOptions) -> Step:
        """The config is no copy: the blocks put their steps into it."""
        return self._add(kind, kind, {"config": self._value(config, "config")}, options)

    def _add(self, kind: str, wish: str, data: Step, options: StepOptions) -> Step:
        unknown = sorted(options.keys() - _OPTIONS)
        if unknown:
            raise TypeError(f"a step has no field {unknown[0]!r}; {suggestion(unknown[0], sorted(_OPTIONS))}")
        step: Step = {"id": options.get("id") or self._builder.free_id(wish), "type": kind}
        try:
            step |= step_fields(options)
        except (TypeError, ReactoryError) as error:
            self._builder.complain(str(error), step)
        step |= data
        self._builder.add(step)
        if (compensate := options.get("compensate_with")) is not None:
            self._compensate(step, compensate)
        return step

    def _compensate(self, step: Step, compensate: Callable[..., Any]) -> None:
        import inspect  # late: only some steps are compensated

        takes = [StepReference(step["id"])] if inspect.signature(compensate).parameters else []
        with Body(self._builder, step.setdefault("compensateWith", []), None):
            compensate(*takes)

    def _view(self, schema: dict[str, Any]) -> TypeView:
        return TypeView(schema, self._builder.complain)

    def _value(self, value: Any, what: str) -> Any:
        """The value for the document; what has no JSON form is noted and left out."""
        try:
            return document_value(value)
        except TypeError as error:
            self._builder.complain(f"{what}: {error}")
            return {}

    def _maybe(self, value: Mapping[str, Any] | None, what: str) -> Any:
        return None if value is None else self._value(value, what)

    def _plain(self, value: Any) -> Any:
        """A length of time where the document takes both a number and a text."""
        return value if isinstance(value, str) else self._time(value)

    def _time(self, value: Time | None) -> Any:
        try:
            return None if value is None else milliseconds(value)
        except ReactoryError as error:
            self._builder.complain(error.message)
            return None

    def _duration(self, value: Time | None) -> dict[str, Any]:
        return {} if value is None else duration_config(value)

    def _expression(self, convert: Callable[[Any], Any], value: Any) -> Any:
        try:
            return convert(value)
        except TypeError as error:
            self._builder.complain(str(error))
            return "null"


def _record(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "additionalProperties": True}


def _word(value: Any) -> str:
    """A name for an id."""
    text = text_of(value) if isinstance(value, Expression) else str(value)
    return text.rpartition(".")[2] or text
