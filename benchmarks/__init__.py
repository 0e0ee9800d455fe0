"""What the engine costs, measured on a real MongoDB, and what it survives: ``python -m benchmarks``."""
