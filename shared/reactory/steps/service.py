"""Services: classes or objects of modules whose public methods ``service_invoke`` calls (IN-2)."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, TypeVar

from reactory.definition.reference import highest, parse_reference
from reactory.definition.wording import suggestion
from reactory.exceptions import ConflictError, InvalidRequestError, InvalidStepError
from reactory.steps.function import StepFunction

MARK = "__reactory_service__"
"""The attribute of a class or object that holds the name that ``@service`` gave it."""

Marked = TypeVar("Marked")
_UNMADE: Any = object()


def service(reference: str) -> Callable[[Marked], Marked]:
    """Make the public methods of a class callable from workflows: ``@service("acme.Prices@1.0.0")``.

    An object is marked the same way, ``service("acme.Prices@1.0.0")(prices)``. Of a class one object is made per
    process, without arguments, when it is first called. Its methods run on several threads at once.
    """
    try:
        version = parse_reference(reference).version
    except InvalidRequestError as error:
        raise ValueError(f"'{reference}' cannot name a service: {error.message}") from error
    if version is None:
        raise ValueError(f"'{reference}' has no version: write '{reference}@1.0.0'")

    def mark(target: Marked) -> Marked:
        setattr(target, MARK, reference)
        return target

    return mark


class Service:
    """One registered service. ``name`` is ``ns.Name``, ``version`` three numbers."""

    def __init__(self, target: Any, reference: str) -> None:
        found = parse_reference(reference)
        self.target = target
        self.name, self.version = reference.partition("@")[0], str(found.version)
        self._kind = target if isinstance(target, type) else type(target)
        self._object: Any = _UNMADE if isinstance(target, type) else target
        self._lock = threading.Lock()

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def origin(self) -> tuple[str, int | None]:
        """The file and the line of its class."""
        try:
            return inspect.getfile(self._kind), inspect.getsourcelines(self._kind)[1]
        except (OSError, TypeError):
            return repr(self.target), None

    def methods(self) -> list[str]:
        """The names of those that may be called: public, and no properties."""
        return sorted(name for name in dir(self._kind) if self._is_public(name))

    def method(self, name: str) -> StepFunction:
        """Raises InvalidStepError, which lists those that there are."""
        if not self._is_public(name):
            known = self.methods()
            raise InvalidStepError(f"the service {self.reference} has no method '{name}'; {suggestion(name, known)}")
        return StepFunction(getattr(self._made(), name), f"{self.name}.{name}")

    def _is_public(self, name: str) -> bool:
        if name.startswith("_"):
            return False
        found = inspect.getattr_static(self._kind, name, None)
        return inspect.isfunction(found) or isinstance(found, staticmethod | classmethod)

    def _made(self) -> Any:
        with self._lock:
            if self._object is _UNMADE:
                self._object = self._kind()
            return self._object


class ServiceRegistry:
    """Filled once while a process starts, read by every worker thread after that."""

    def __init__(self, services: Iterable[Service] = ()) -> None:
        self._services: dict[str, dict[str, Service]] = {}
        for one in services:
            self.add(one)

    def add(self, found: Service) -> None:
        """The same one twice is fine; another of its name and version is refused with ConflictError."""
        known = self._services.setdefault(found.name, {}).setdefault(found.version, found)
        if known.target is not found.target:
            file, line = known.origin
            raise ConflictError(f"The service '{found.reference}' is also in {file}:{line}: give one another version")

    def references(self) -> list[str]:
        return sorted(one.reference for versions in self._services.values() for one in versions.values())

    def find(self, reference: str) -> Service:
        """``ns.Name@1.0.0``, or ``ns.Name`` for the highest version. Raises InvalidStepError, which lists what there is."""
        name, _, version = reference.partition("@")
        versions = self._services.get(name, {})
        if versions and not version:
            return versions[highest(versions) or ""]
        if version not in versions:
            raise InvalidStepError(f"there is no service '{reference}'; {suggestion(reference, self.references())}")
        return versions[version]


def marked_services(found: ModuleType | Any) -> list[Service]:
    """The services among a Python module's names, each once; of a class or an object, itself if it is marked."""
    candidates = list(vars(found).values()) if isinstance(found, ModuleType) else [found]
    services: dict[int, Service] = {}
    for candidate in candidates:
        reference = getattr(candidate, "__dict__", {}).get(MARK)
        if isinstance(reference, str):
            services[id(candidate)] = Service(candidate, reference)
    return list(services.values())


def construction_complaint(found: Service) -> str | None:
    """Why no object of its class can be made without arguments; None when one can."""
    if not isinstance(found.target, type):
        return None
    try:
        inspect.signature(found.target).bind()
    except TypeError as error:
        return (
            f"{found.target.__name__} cannot be made without arguments ({error}): give them defaults, or mark an object"
        )
    except ValueError:  # a class whose signature nobody knows
        return None
    return None
