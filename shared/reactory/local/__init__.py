"""The whole stack on this machine: `reactory dev`."""
