"""The Python side of the travel example."""
