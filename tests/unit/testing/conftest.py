from reactory.testing.plugin import reactory

__all__ = ["reactory"]
