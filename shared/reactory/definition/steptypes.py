"""The step types by name: those that run in this version, and those that the format knows beside them."""

from __future__ import annotations

RUNNABLE = frozenset(
    {
        "start",
        "end",
        "task",
        "custom",
        "log",
        "set_variable",
        "condition",
        "switch",
        "parallel",
        "join",
        "for_each",
        "while",
        "delay",
        "schedule",
        "recur",
        "saga",
        "wait_event",
        "emit_event",
        "activity",
        "user_activity",
        "invoke_workflow",
    }
)

NOT_YET = frozenset(
    {
        "api_call",
        "cli_command",
        "cross_instance_variable",
        "data_transformation",
        "email",
        "file_operation",
        "graphql",
        "mongo_query",
        "mongo_write",
        "python_script",
        "service_invoke",
        "soap_call",
        "sql_query",
        "telemetry",
        "todo",
        "validation",
    }
)
"""Known to the format, refused by this version with a message that says so."""

KNOWN = RUNNABLE | NOT_YET

CACHEABLE = frozenset({"task", "custom"})
"""The types that may have a ``cache``: those that do nothing but give a result."""
