"""Entry points of the WorkflowHost: the worker, which advances instances, and the sweeper."""
