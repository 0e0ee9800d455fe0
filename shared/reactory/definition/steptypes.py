"""The step types by name: those that run in this version, and those that the format knows beside them."""

from __future__ import annotations

BUILTIN = frozenset(
    {
        "api_call",
        "cli_command",
        "cross_instance_variable",
        "data_transformation",
        "file_operation",
        "python_script",
        "service_invoke",
        "telemetry",
        "todo",
        "validation",
    }
)
"""The engine's own steps that run like a task: the body of each is the step ``reactory.<type>``."""

RUNNABLE = BUILTIN | frozenset(
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

NOT_YET = frozenset({"email", "graphql", "mongo_query", "mongo_write", "soap_call", "sql_query"})
"""Known to the format, refused by this version with a message that says so."""

KNOWN = RUNNABLE | NOT_YET

CACHEABLE = BUILTIN | {"task", "custom"}
"""The types that may have a ``cache``: those whose body gives a result."""
