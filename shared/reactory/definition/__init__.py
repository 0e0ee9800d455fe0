"""Documents turned into validated, compiled definitions; expressions; nothing here does I/O."""
