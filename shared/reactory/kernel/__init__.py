"""The pure core: (definition, state, fact) → (state, effects). No clock, no randomness, no I/O."""
