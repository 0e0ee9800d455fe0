"""Steps turned into nodes and blocks, with what they inherit and the order in which they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactory.definition.compilebuiltin import compile_builtin
from reactory.definition.compileguards import compile_guards, compile_policy, compile_timeout, own_policies
from reactory.definition.compilewaits import (
    compile_cache,
    compile_delay,
    compile_distribution,
    compile_interval,
    compile_wait,
)
from reactory.definition.ordering import predecessors
from reactory.definition.policy import ErrorPolicy, NamedPolicy, RetryPolicy
from reactory.definition.program import (
    Block,
    Branch,
    ConditionConfig,
    CustomConfig,
    DelayConfig,
    Distribution,
    EndConfig,
    ForEachConfig,
    JoinConfig,
    JoinRule,
    LogConfig,
    Node,
    NodeConfig,
    ParallelConfig,
    RecurConfig,
    SagaConfig,
    ScheduleConfig,
    SetVariableConfig,
    StartConfig,
    SwitchCase,
    SwitchConfig,
    TaskConfig,
    WhileConfig,
)
from reactory.definition.slots import compile_slot
from reactory.definition.sourcepath import source_expression
from reactory.definition.steptree import DEFAULT_INDEX, DEFAULT_ITEM, DEFAULT_ITERATIONS
from reactory.definition.steptypes import BUILTIN
from reactory.definition.template import Template, compile_template

Raw = Mapping[str, Any]


class StepCompiler:
    """Compiles the steps of one document. ``called`` gathers the handlers that it meets, ``policies`` the names of retry
    policies that the configuration defines.
    """

    def __init__(self, *, name_space: str, handlers: frozenset[str], metadata: Raw) -> None:
        self._name_space = name_space
        self._handlers = handlers
        self._breaker = metadata.get("circuitBreaker")
        self._own_policies = own_policies(metadata)
        self.called: set[str] = set()
        self.policies: set[str] = set()
        retry = metadata.get("retryPolicy")
        self._retry = self._policy(retry) if retry is not None else None

    def block(self, steps: list[Raw], error_policy: ErrorPolicy | None) -> Block:
        """A step list. ``error_policy`` is that of what is around it."""
        before = predecessors(list(steps))
        after: list[list[int]] = [[] for _ in steps]
        for number, waited_for in enumerate(before):
            for other in waited_for:
                after[other].append(number)
        return Block(
            nodes=tuple(self._node(step, error_policy) for step in steps),
            predecessors=tuple(tuple(numbers) for numbers in before),
            successors=tuple(tuple(numbers) for numbers in after),
        )

    def _node(self, step: Raw, inherited: ErrorPolicy | None) -> Node:
        policy: ErrorPolicy | None = step.get("errorPolicy") or inherited
        retry, inputs, condition = step.get("retryPolicy"), step.get("inputs"), step.get("condition")
        undo, cache = step.get("compensateWith"), step.get("cache")
        return Node(
            id=step["id"],
            type=step["type"],
            config=self._config(step, policy),
            name=step.get("name") or "",
            enabled=step.get("enabled") is not False,
            condition=compile_slot(condition) if condition is not None else None,
            inputs=compile_template(inputs) if inputs is not None else None,
            outputs=tuple((key, compile_slot(source)) for key, source in (step.get("outputs") or {}).items()),
            retry=self._attempts(step["type"], retry),
            own_retry=retry is not None,
            timeout=step.get("timeout"),
            error_policy=policy,
            continue_on_error=bool(step.get("continueOnError")),
            execution=step.get("execution") or "at_least_once",
            # what undoes a step inherits nothing: `compensate` there would undo the undoing
            compensate_with=self._optional(undo, None),
            cache=compile_cache(cache) if cache is not None else None,
            timeout_policy=compile_timeout(step.get("timeoutPolicy")),
            guards=compile_guards(step, self._breaker),
        )

    def _attempts(self, kind: str, declared: Raw | str | None) -> RetryPolicy | NamedPolicy | None:
        """The workflow's policy is for single steps: a saga that did not ask for it is not begun again."""
        if declared is not None:
            return self._policy(declared)
        return self._retry if kind != "saga" else None

    def _policy(self, declared: Raw | str) -> RetryPolicy | NamedPolicy:
        policy = compile_policy(declared, self._own_policies)
        if isinstance(policy, NamedPolicy):
            self.policies.add(policy.name)
        return policy

    def _config(self, step: Raw, policy: ErrorPolicy | None) -> NodeConfig:
        config: Raw = step.get("config") or {}
        match step["type"]:
            case "start":
                return StartConfig()
            case "end":
                return EndConfig()
            case "task":
                return self._task(config)
            case "custom":
                return self._custom(step, config)
            case "log":
                return _log(config)
            case "set_variable":
                return _set_variable(config)
            case "join":
                return JoinConfig(_join_rule(config))
            case "delay":
                return _delay(config)
            case "saga":
                return self._saga(step, config)
            case kind:
                if kind in BUILTIN:
                    return compile_builtin(kind, config)
                wait = compile_wait(step, config, self._name_space)
                return wait if wait is not None else self._container(kind, config, policy)

    def _container(self, kind: str, config: Raw, policy: ErrorPolicy | None) -> NodeConfig:
        match kind:
            case "condition":
                return ConditionConfig(
                    condition=compile_slot(config["condition"]),
                    then=self._optional(config.get("thenSteps"), policy),
                    otherwise=self._optional(config.get("elseSteps"), policy),
                )
            case "switch":
                return self._switch(config, policy)
            case "parallel":
                return self._parallel(config, policy)
            case "for_each":
                return ForEachConfig(
                    items=compile_slot(config["items"]),
                    item_variable=config.get("itemVariable") or DEFAULT_ITEM,
                    index_variable=config.get("indexVariable") or DEFAULT_INDEX,
                    max_concurrency=config.get("maxConcurrency"),
                    body=self.block(config["steps"], policy),
                    distributed=_distribution(config.get("distributed")),
                )
            case "schedule":
                return ScheduleConfig(after=compile_delay(config), body=self.block(config["steps"], policy))
            case "recur":
                return RecurConfig(
                    interval=compile_interval(config["interval"]),
                    until=compile_slot(config["until"]),
                    body=self.block(config["steps"], policy),
                )
            case "while":
                return WhileConfig(
                    condition=compile_slot(config["condition"]),
                    max_iterations=config.get("maxIterations") or DEFAULT_ITERATIONS,
                    body=self.block(config["steps"], policy),
                )
        raise AssertionError(f"the step type {kind!r} was not validated")

    def _optional(self, steps: list[Raw] | None, policy: ErrorPolicy | None) -> Block | None:
        return self.block(steps, policy) if steps else None

    def _saga(self, step: Raw, config: Raw) -> SagaConfig:
        """Policies around a saga do not reach into it: a failure there compensates, unless the saga itself says else."""
        return SagaConfig(
            body=self.block(config["steps"], step.get("errorPolicy") or "compensate"),
            undo=self._optional(config.get("compensate") or config.get("compensateSteps"), None),
            policy=step.get("errorPolicy") or "compensate",
        )

    def _switch(self, config: Raw, policy: ErrorPolicy | None) -> SwitchConfig:
        return SwitchConfig(
            value=compile_slot(config["value"]),
            cases=tuple(
                SwitchCase(when=compile_template(case["when"]), body=self.block(case["steps"], policy))
                for case in config.get("cases") or ()
            ),
            default=self._optional(config.get("default"), policy),
        )

    def _parallel(self, config: Raw, policy: ErrorPolicy | None) -> ParallelConfig:
        join = config.get("join") or {}
        rule = {"strategy": join} if isinstance(join, str) else join
        return ParallelConfig(
            branches=tuple(
                Branch(name=branch["name"], body=self.block(branch["steps"], policy)) for branch in config["branches"]
            ),
            max_concurrency=config.get("maxConcurrency"),
            fail_fast=bool(config.get("failFast")),
            join=_join_rule(rule),
        )

    def _task(self, config: Raw) -> TaskConfig:
        handler = config["handler"]
        self.called.add(handler)
        rest = {key: value for key, value in config.items() if key != "handler"}
        return TaskConfig(handler=handler, config=compile_template(rest))

    def _custom(self, step: Raw, config: Raw) -> CustomConfig:
        """The registered step of the custom step's ``name``, else that of its ``id``, else none: it echoes then."""
        handler = next((name for name in (step.get("name"), step["id"]) if name in self._handlers), None)
        if handler is not None:
            self.called.add(handler)
        return CustomConfig(handler=handler, config=compile_template(dict(config)))


def _log(config: Raw) -> LogConfig:
    return LogConfig(
        message=compile_template(config["message"]),
        level=config.get("level") or "info",
        data=compile_template(config.get("data")),
    )


def _set_variable(config: Raw) -> SetVariableConfig:
    source = source_expression(config)
    return SetVariableConfig(
        action=config["action"],
        key=compile_template(config["key"]),
        value=compile_template(config.get("value")),
        source=config.get("source") or "literal",
        source_path=compile_slot(source) if source is not None else None,
    )


def _delay(config: Raw) -> DelayConfig:
    def template(key: str) -> Template | None:
        return compile_template(config[key]) if config.get(key) is not None else None

    return DelayConfig(
        duration=template("duration"),
        duration_text=template("durationText"),
        until=template("until"),
        reason=template("reason"),
    )


def _distribution(declared: Raw | None) -> Distribution | None:
    return compile_distribution(declared) if declared is not None else None


def _join_rule(config: Raw) -> JoinRule:
    return JoinRule(strategy=config.get("strategy") or "all", count=config.get("count"), timeout=config.get("timeout"))
