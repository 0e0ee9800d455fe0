"""The ErrorHandler: what went wrong, where, how often, and what to do about it (EH-13, CB-7)."""
