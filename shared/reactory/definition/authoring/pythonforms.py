"""How the fields of a document are called in Python, for those step types whose method takes them one by one."""

from __future__ import annotations

from dataclasses import dataclass, field

OPTIONS = {
    "name": "name",
    "description": "description",
    "enabled": "enabled",
    "condition": "condition",
    "dependsOn": "depends_on",
    "outputs": "outputs",
    "timeout": "timeout",
    "retryPolicy": "retry",
    "errorPolicy": "error_policy",
    "continueOnError": "continue_on_error",
    "execution": "execution",
    "cache": "cache",
    "timeoutPolicy": "timeout_policy",
    "rateLimit": "rate_limit",
    "concurrency": "concurrency",
    "circuitBreaker": "circuit_breaker",
    "designer": "designer",
}
"""Fields of any step."""


@dataclass(frozen=True, slots=True)
class Form:
    """``words`` are the fields of the config in the order of the method's arguments; "" is one without a name.
    ``expressions`` take CEL, ``times`` milliseconds.
    """

    method: str
    words: dict[str, str] = field(default_factory=dict)
    expressions: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()


CALLS = {
    "start": Form("start"),
    "end": Form("end"),
    "log": Form("log", {"message": "", "level": "level", "data": "data"}),
    "join": Form("join", {"strategy": "strategy", "count": "count", "timeout": "within"}, times=frozenset({"timeout"})),
    "wait_event": Form(
        "wait_event",
        {
            "eventName": "",
            "eventKey": "key",
            "effectiveDate": "effective_date",
            "timeout": "timeout",
            "onTimeout": "on_timeout",
            "outputVariable": "output_variable",
        },
        frozenset({"eventKey"}),
        frozenset({"timeout"}),
    ),
    "emit_event": Form("emit", {"eventName": "", "eventKey": "key", "data": "data"}, frozenset({"eventKey"})),
    "activity": Form(
        "activity",
        {"activityName": "", "parameters": "parameters", "timeout": "timeout", "heartbeat": "heartbeat"},
        times=frozenset({"timeout", "heartbeat"}),
    ),
    "user_activity": Form(
        "user_activity",
        {
            "activityType": "",
            "assignee": "assignee",
            "options": "choices",
            "message": "message",
            "form": "form",
            "timeout": "timeout",
            "escalation": "escalation",
        },
        times=frozenset({"timeout"}),
    ),
    "invoke_workflow": Form(
        "invoke",
        {"workflowId": "", "input": "input", "waitForCompletion": "wait", "timeout": "timeout"},
        times=frozenset({"timeout"}),
    ),
}

TIMES_IN_CONFIG = frozenset({"wait_event", "activity", "user_activity", "invoke_workflow"})
"""Types whose time-out stands in their config: for these ``timeout=`` is that one."""
