"""Lambda entry points: one folder per component, one small file per trigger. Parse, call one use case, map."""
