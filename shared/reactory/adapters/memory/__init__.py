"""The ports inside one process, for the local stack, tests and the simulator."""
