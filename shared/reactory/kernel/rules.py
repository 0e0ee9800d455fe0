"""The retry rules that an instance was started under, pinned in it: a later change of the engine's or the operator's rules
never changes how its facts are replayed (EH-10).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from reactory.definition.policy import DEFAULT_RETRY, NamedPolicy, RetryPolicy

if TYPE_CHECKING:
    from reactory.definition.program import Node

BEFORE_STRATEGIES = 1
"""Every category is retried alike: as an instance without pinned rules was started."""

BEFORE_PLAIN_KEYS = 2
"""Any key of a breaker is taken, and interruptions add up over all attempts of a step."""

CURRENT = 3


class Rules(msgspec.Struct, frozen=True, omit_defaults=True):
    """``policies`` are those of the configuration that the definition names. ``policy`` stands in the place of the
    workflow's own, and ``max_attempts`` in that of its attempts, for steps that declare no policy themselves.
    """

    edition: int = BEFORE_STRATEGIES
    policies: dict[str, RetryPolicy] = {}
    policy: RetryPolicy | None = None
    max_attempts: int | None = None

    def declared(self, node: Node) -> RetryPolicy | None:
        """The policy that counts for a node; None: that of the error's category."""
        declared = node.retry
        if self.policy is not None and not node.own_retry and node.type != "saga":
            declared = self.policy
        if isinstance(declared, NamedPolicy):
            declared = replace(self.policies.get(declared.name, DEFAULT_RETRY), **declared.changes)
        if declared is not None and self.max_attempts is not None and not node.own_retry:
            declared = replace(declared, max_attempts=self.max_attempts)
        return declared


RULES = Rules(CURRENT)
"""Those of an instance that starts now and that no configuration says more about."""
