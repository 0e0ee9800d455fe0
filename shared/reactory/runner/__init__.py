"""The runner: definitions are registered here, instances started, looked at and controlled. Use cases only."""
