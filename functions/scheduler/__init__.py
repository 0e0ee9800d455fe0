"""The scheduler's entry points: the HTTP API, the tick of every minute, and messages that fire slots."""
