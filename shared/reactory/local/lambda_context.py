"""The context object that Lambda hands to a handler."""

from __future__ import annotations

import time
from dataclasses import dataclass

REGION = "us-east-1"
ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """Field names are those of Lambda. ``deadline`` is milliseconds since the epoch."""

    function_name: str
    memory_limit_in_mb: int
    aws_request_id: str
    deadline: int
    function_version: str = "$LATEST"
    client_context: None = None
    identity: None = None

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.deadline - int(time.time() * 1000))
