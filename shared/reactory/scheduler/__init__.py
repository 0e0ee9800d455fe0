"""The Scheduler: starts workflows when their time has come (SC-1 to SC-15)."""
