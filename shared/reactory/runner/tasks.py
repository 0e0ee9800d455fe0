"""User activities: who is asked for what, and the answer (WH-5)."""

from __future__ import annotations

from typing import Any

import msgspec

from reactory.definition.form import compile_form
from reactory.definition.problem import Problem
from reactory.exceptions import InvalidInputError, InvalidRequestError
from reactory.ports.tasks import TaskQuery, WorkItem
from reactory.runner.answering import Answering
from reactory.runner.answers import Completed, TaskList, TaskView
from reactory.runner.instant import to_text
from reactory.runner.services import Services

MAX_NAME = 256


class UserTasks:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._answering = Answering(services)

    def search(self, query: TaskQuery) -> TaskList:
        """Open tasks, the oldest first."""
        page = self._services.tasks.list(query)
        return TaskList(tasks=[_view(item) for item in page.items], next_cursor=page.next_cursor, total=page.total)

    def complete(
        self, task_id: str, action: str | None, data: Any = None, *, user: str = "", tenant: str = "default"
    ) -> Completed:
        """Answer a task. ``action`` is one of its options; ``data`` has to fit its form.

        Raises NotFoundError, ConflictError when it is over, InvalidRequestError and InvalidInputError (every problem of
        the data at once); nothing is changed then.
        """
        item = self._answering.find(task_id, tenant, "user")
        detail = msgspec.json.decode(item.detail)
        chosen = _action(detail, action)
        _check_form(detail.get("form"), data)
        if len(user) > MAX_NAME:
            raise InvalidRequestError(f"user: at most {MAX_NAME} characters")
        return self._answering.answer(item, output={"action": chosen, "user": user, "data": data}, by=user)


_DEFAULT_OPTIONS = {"approval": ("approve", "reject"), "acknowledgement": ("acknowledge",)}
"""The actions of a task that declares no options."""


def _action(detail: dict[str, Any], action: str | None) -> str:
    kind = detail["activityType"]
    options = tuple(detail.get("options") or _DEFAULT_OPTIONS.get(kind, ()))
    if not options:
        return action or "submit"
    if action is None and len(options) == 1:
        return str(options[0])
    if action is None or action not in options:
        given = "is missing" if action is None else f"is {action!r}"
        raise InvalidRequestError(f"action: {given}; choose one of {', '.join(options)}")
    return action


def _check_form(form: dict[str, Any] | None, data: Any) -> None:
    if form is None:
        return
    problems = [
        Problem(code="INVALID_DATA", path=_pointer(error.instance_path), message=error.message)
        for error in compile_form(form).iter_errors(data)
    ]
    if problems:
        listed = "; ".join(f"{problem.path or 'data'}: {problem.message}" for problem in problems[:5])
        raise InvalidInputError(f"the data do not fit the task's form: {listed}", problems)


def _pointer(path: list[str | int]) -> str:
    return ".".join(str(part) for part in path)


def _view(item: WorkItem) -> TaskView:
    detail = msgspec.json.decode(item.detail)
    return TaskView(
        task_id=item.id,
        activity_type=item.name,
        assignee=item.assignee,
        message=detail.get("message"),
        options=detail.get("options") or list(_DEFAULT_OPTIONS.get(item.name, ())),
        form=detail.get("form"),
        instance_id=item.instance_id,
        workflow_id=item.workflow_id,
        path=item.path,
        priority=item.priority,
        created_at=to_text(item.created_at),
        due_at=None if item.due_at is None else to_text(item.due_at),
    )
