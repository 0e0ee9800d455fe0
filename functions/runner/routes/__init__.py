"""The endpoints of the runner's API: one module per noun, each with its table of route keys."""
