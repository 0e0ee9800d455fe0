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
    }
)

NOT_YET = frozenset(
    {
        "activity",
        "api_call",
        "cli_command",
        "cross_instance_variable",
        "data_transformation",
        "email",
        "emit_event",
        "file_operation",
        "graphql",
        "invoke_workflow",
        "mongo_query",
        "mongo_write",
        "python_script",
        "recur",
        "saga",
        "schedule",
        "service_invoke",
        "soap_call",
        "sql_query",
        "telemetry",
        "todo",
        "user_activity",
        "validation",
        "wait_event",
    }
)
"""Known to the format, refused by this version with a message that says so."""

KNOWN = RUNNABLE | NOT_YET
