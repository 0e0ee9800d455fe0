"""The Python side of the example module."""
