"""``service_invoke``: calls a public method of a service that a module brings (IN-2)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

from reactory.steps.builtin.wanted import wanted_object, wanted_text
from reactory.steps.context import StepContext
from reactory.steps.service import ServiceRegistry


def service_invoke(services: ServiceRegistry) -> Callable[..., dict[str, Any]]:
    def body(ctx: StepContext, **_inputs: Any) -> dict[str, Any]:
        """``{result}``."""
        found = services.find(wanted_text(ctx.config, "service"))
        method = found.method(wanted_text(ctx.config, "method"))
        arguments = method.arguments(wanted_object(ctx.config, "params"), ctx)
        result = method.function(**arguments)
        return {"result": asyncio.run(_in_time(result, ctx.remaining())) if method.is_async else result}

    return body


async def _in_time(result: Awaitable[Any], seconds: float) -> Any:
    """An async method is cancelled when its time is over, so that it holds no thread."""
    async with asyncio.timeout(seconds if math.isfinite(seconds) else None):
        return await result
