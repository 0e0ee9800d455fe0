"""The runner's entry points: the HTTP API, and messages that trigger workflows."""
