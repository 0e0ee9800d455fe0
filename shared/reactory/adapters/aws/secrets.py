"""Reading a secret from Secrets Manager: once, when the process starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactory.adapters.aws.errors import classified
from reactory.exceptions import UnavailableError


def read_secret(client: Callable[[], Any], arn: str) -> str:
    """The text of the secret's current version."""
    with classified(UnavailableError, "Secrets Manager", f"GetSecretValue of {arn}"):
        return str(client().get_secret_value(SecretId=arn)["SecretString"])
