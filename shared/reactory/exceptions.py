"""Every error that the engine raises on purpose, in one tree.

    ReactoryError                    code, retryable, http_status; the message says how to fix it
    ├── InvalidRequestError          400  invalid_request
    │   ├── InvalidInputError        400  invalid_input (every problem in ``problems``)
    │   ├── InvalidScheduleError     400  invalid_schedule (every problem in ``problems``)
    │   └── InvalidCursorError       400  invalid_cursor
    ├── NotFoundError                404  not_found
    │   ├── WorkflowNotFoundError    404  workflow_not_found
    │   ├── InstanceNotFoundError    404  instance_not_found
    │   └── ScheduleNotFoundError    404  schedule_not_found
    ├── MethodNotAllowedError        405  method_not_allowed
    ├── ConflictError                409  conflict
    │   ├── DefinitionConflictError  409  definition_conflict
    │   ├── IllegalTransitionError   409  illegal_transition
    │   └── IdempotencyConflictError 409  idempotency_conflict
    ├── PayloadTooLargeError         413  payload_too_large
    ├── UnsupportedMediaTypeError    415  unsupported_media_type
    ├── InvalidDefinitionError       422  invalid_definition (every problem in ``problems``)
    ├── ExpressionError              422  expression_error
    ├── RateLimitedError             429  rate_limited, retryable after ``retry_after`` seconds
    ├── InvalidSettingsError         500  invalid_settings (every problem in ``problems``)
    ├── SealedUnreadableError        500  sealed_unreadable: a payload whose key is missing
    ├── UnavailableError             503  unavailable, retryable
    │   ├── StoreUnavailableError    503  store_unavailable, retryable
    │   │   └── CountersUnavailableError 503 counters_unavailable, retryable: breakers, buckets, slots
    │   ├── QueueUnavailableError    503  queue_unavailable, retryable
    │   └── AmbiguousWriteError      503  ambiguous_write, retryable: may or may not have happened
    ├── StartupError                 500  startup_failed: the local stack cannot start here
    └── StepError                    what a step raises or is failed with
        ├── RetryableStepError       retryable
        │   ├── RemoteUnavailableError   category network: no answer, or 5xx
        │   └── RemoteBusyError          category resource: 429
        ├── PermanentStepError       not retryable
        ├── StepNotAllowedError      not retryable: a built-in step that no setting allows
        ├── InvalidStepError         not retryable, category validation: what a step was given
        ├── RemoteRefusedError       not retryable, category validation: 4xx
        ├── RemoteDeniedError        retryable (once, as all of category permission): 401, 403
        ├── StepTimeoutError         retryable, category timeout
        ├── StepInterruptedError     retryable, category system
        ├── UnknownHandlerError      not retryable
        └── UnserializableError      not retryable: a value that storage cannot keep

Foreign errors (pymongo, botocore, HTTP clients) are turned into one of these at the adapter's edge, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from reactory.definition.problem import Problem

__all__ = [
    "AmbiguousWriteError",
    "ConflictError",
    "CountersUnavailableError",
    "DefinitionConflictError",
    "ExpressionError",
    "IdempotencyConflictError",
    "IllegalTransitionError",
    "InstanceNotFoundError",
    "InvalidCursorError",
    "InvalidDefinitionError",
    "InvalidInputError",
    "InvalidRequestError",
    "InvalidScheduleError",
    "InvalidSettingsError",
    "InvalidStepError",
    "MethodNotAllowedError",
    "NotFoundError",
    "PayloadTooLargeError",
    "PermanentStepError",
    "QueueUnavailableError",
    "RateLimitedError",
    "ReactoryError",
    "RemoteBusyError",
    "RemoteDeniedError",
    "RemoteRefusedError",
    "RemoteUnavailableError",
    "RetryableStepError",
    "ScheduleNotFoundError",
    "SealedUnreadableError",
    "StartupError",
    "StepError",
    "StepInterruptedError",
    "StepNotAllowedError",
    "StepTimeoutError",
    "StoreUnavailableError",
    "UnavailableError",
    "UnknownHandlerError",
    "UnserializableError",
    "UnsupportedMediaTypeError",
    "WorkflowNotFoundError",
]


class ReactoryError(Exception):
    """The root: whatever the engine raises on purpose."""

    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidRequestError(ReactoryError):
    code = "invalid_request"
    http_status = 400


class InvalidInputError(InvalidRequestError):
    """The start data do not fit the workflow's declared inputs (YF-2): every problem at once."""

    code = "invalid_input"

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class InvalidScheduleError(InvalidRequestError):
    """A schedule document with problems (SC-1, SC-2): all of them in ``problems``."""

    code = "invalid_schedule"

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class InvalidCursorError(InvalidRequestError):
    code = "invalid_cursor"


class NotFoundError(ReactoryError):
    code = "not_found"
    http_status = 404


class WorkflowNotFoundError(NotFoundError):
    code = "workflow_not_found"


class InstanceNotFoundError(NotFoundError):
    code = "instance_not_found"


class ScheduleNotFoundError(NotFoundError):
    code = "schedule_not_found"


class MethodNotAllowedError(ReactoryError):
    code = "method_not_allowed"
    http_status = 405

    def __init__(self, message: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)


class ConflictError(ReactoryError):
    code = "conflict"
    http_status = 409


class DefinitionConflictError(ConflictError):
    """The same id and version with other content (WR-3)."""

    code = "definition_conflict"


class IllegalTransitionError(ConflictError):
    """A move that the status table does not allow (LC-1). Names both states; nothing was changed."""

    code = "illegal_transition"


class IdempotencyConflictError(ConflictError):
    """The same idempotency key with another request."""

    code = "idempotency_conflict"


class PayloadTooLargeError(ReactoryError):
    code = "payload_too_large"
    http_status = 413


class UnsupportedMediaTypeError(ReactoryError):
    code = "unsupported_media_type"
    http_status = 415


class InvalidDefinitionError(ReactoryError):
    """A document with problems (YF-1): all of them in ``problems``."""

    code = "invalid_definition"
    http_status = 422

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class ExpressionError(ReactoryError):
    """An expression that cannot be compiled or evaluated; the message names the expression and the reference."""

    code = "expression_error"
    http_status = 422


class RateLimitedError(ReactoryError):
    """More requests than a rate limit allows: nothing was done. ``retry_after`` is whole seconds, at least 1."""

    code = "rate_limited"
    retryable = True
    http_status = 429

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StartupError(ReactoryError):
    """The local stack cannot start; the message says what is in the way and what to do about it."""

    code = "startup_failed"


class InvalidSettingsError(ReactoryError):
    """The environment of the process is wrong: every problem at once, each with the variable's name."""

    code = "invalid_settings"

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class SealedUnreadableError(ReactoryError):
    """A payload that was encrypted under a key that this process does not have, or that was tampered with (WH-25)."""

    code = "sealed_unreadable"


class UnavailableError(ReactoryError):
    code = "unavailable"
    retryable = True
    http_status = 503


class StoreUnavailableError(UnavailableError):
    code = "store_unavailable"


class CountersUnavailableError(StoreUnavailableError):
    """Breakers, buckets and slots cannot be reached: whoever asked goes on as if they had said yes, and says so."""

    code = "counters_unavailable"


class QueueUnavailableError(UnavailableError):
    code = "queue_unavailable"


class AmbiguousWriteError(UnavailableError):
    """A write that may or may not have happened: forget what is in memory and recover from the document."""

    code = "ambiguous_write"


class StepError(ReactoryError):
    """What a step raises, or is failed with. ``category`` is one of the seven of EH-1, lower case."""

    code = "step_failed"
    category: ClassVar[str] = "unknown"


class RetryableStepError(StepError):
    """Raise it in a step to say: try again, as the retry policy allows, but not before ``retry_after`` milliseconds."""

    code = "step_retryable"
    retryable = True

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentStepError(StepError):
    """Raise it in a step to say: trying again is no use."""

    code = "step_permanent"


class RemoteUnavailableError(RetryableStepError):
    """Another system cannot be reached, or answered that it failed."""

    code = "remote_unavailable"
    category = "network"


class RemoteBusyError(RetryableStepError):
    """Another system asks for fewer requests."""

    code = "remote_busy"
    category = "resource"


class StepNotAllowedError(StepError):
    """A step that reaches outside, and that no setting allows to; the message names the setting."""

    code = "step_not_allowed"
    category = "permission"


class InvalidStepError(StepError):
    """A step was given what it cannot work with: corrected input would help, another attempt would not (EH-4)."""

    code = "step_invalid"
    category = "validation"


class RemoteRefusedError(StepError):
    """Another system refuses the request as it is."""

    code = "remote_refused"
    category = "validation"


class RemoteDeniedError(StepError):
    """Another system does not accept who asks."""

    code = "remote_denied"
    retryable = True
    category = "permission"


class StepTimeoutError(StepError):
    """Something took too long; not to be tried again before ``retry_after`` milliseconds, if that is known."""

    code = "step_timeout"
    retryable = True
    category = "timeout"

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StepInterruptedError(StepError):
    """The process that ran the step ended before the result was recorded, more often than is allowed."""

    code = "step_interrupted"
    retryable = True
    category = "system"


class UnknownHandlerError(StepError):
    """No registered Python step has this name (WH-18)."""

    code = "unknown_handler"
    category = "validation"


class UnserializableError(StepError):
    """A step returned a value that storage cannot keep."""

    code = "unserializable_result"
    category = "validation"
