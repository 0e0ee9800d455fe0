"""The one declaration from which the CDK stack and the local stack are built must fit itself and AWS."""

from __future__ import annotations

import re

import pytest

from reactory import topology
from reactory.topology import FUNCTIONS, PRIORITIES, BusRuleSpec, FunctionSpec, QueueSpec


def test_names_are_unique() -> None:
    """A function and a queue are known by their names."""
    names = [function.name for function in FUNCTIONS]
    assert len(set(names)) == len(names)
    queues = [queue.name for function in FUNCTIONS for queue in function.queues]
    assert len(set(queues)) == len(queues)


def test_no_two_functions_answer_one_route() -> None:
    """Each route belongs to one function; what names the parameters does not tell routes apart."""
    routes = [
        (route.method, re.sub(r"\{[^}]+\}", "{}", route.path)) for function in FUNCTIONS for route in function.routes
    ]
    assert len(set(routes)) == len(routes)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_has_a_trigger_and_fits_lambda(function: FunctionSpec) -> None:
    """Something calls it; time-out and memory are what Lambda allows, and an API answers before the gateway gives up."""
    assert function.routes or topology.sources(function) or function.rule or function.after_deployment
    assert re.fullmatch(r"functions(\.[a-z_]+)+\.handler", function.handler)
    assert 1 <= function.timeout <= (29 if function.routes else 900)
    assert 128 <= function.memory <= 10_240


@pytest.mark.parametrize("queue", topology.queues(), ids=lambda queue: queue.name)
def test_a_queue_fits_sqs(queue: QueueSpec) -> None:
    """Name, batch and concurrency are within the limits of SQS event sources: over ten only with a batching window."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,75}", queue.name)
    assert 1 <= queue.batch_size <= (10_000 if queue.window else 10)
    assert 2 <= queue.concurrency <= 1_000
    assert queue.max_receives >= 2
    assert queue.dead_letters == f"{queue.name}-dead"


def test_every_dead_letter_queue_is_emptied_by_one_function() -> None:
    """WR-11: what ends there is kept by a function, whose own poison has nowhere to go round to."""
    assert [function for function in FUNCTIONS if function.dead_letters] == [topology.undertaker()]
    emptied = [queue.name for queue in topology.sources(topology.undertaker())]
    assert emptied == [queue.dead_letters for queue in topology.queues()]
    assert not topology.undertaker().queues


def test_every_priority_has_its_queue() -> None:
    """An instance's wake-ups go to the queue of its class, an unknown class counts as normal."""
    names = {queue.name for queue in topology.queues()}
    assert {topology.wakeup_queue(priority) for priority in PRIORITIES} == {f"wakeups-{p}" for p in PRIORITIES.values()}
    assert {topology.wakeup_queue(priority) for priority in PRIORITIES} <= names
    assert topology.wakeup_queue(99) == "wakeups-normal"


@pytest.mark.parametrize("function", [function for function in FUNCTIONS if function.queues], ids=lambda f: f.name)
def test_a_message_stays_hidden_while_its_function_runs(function: FunctionSpec) -> None:
    """Visibility is six times the function's time-out, and within SQS's twelve hours."""
    assert topology.visibility(function) == 6 * function.timeout <= 43_200


@pytest.mark.parametrize("function", [function for function in FUNCTIONS if function.rule], ids=lambda f: f.name)
def test_a_ticking_function_ends_before_its_next_tick(function: FunctionSpec) -> None:
    """A rule fires each minute; the function is done by then."""
    assert function.rule == "rate(1 minute)"
    assert function.timeout < 60


@pytest.mark.parametrize("rule", topology.BUS_RULES, ids=lambda rule: rule.name)
def test_a_rule_of_the_bus_leaves_the_engines_own_events_alone(rule: BusRuleSpec) -> None:
    """IM-5: events of others go to a queue of the topology; what the engine publishes would go round in circles."""
    assert rule.queue in {queue.name for queue in topology.queues()}
    assert not rule.matches("reactory.workflow")
    assert rule.matches("shop.orders")
    assert rule.matches("reactory-shop")
    assert rule.pattern == {"source": [{"anything-but": {"prefix": "reactory."}}]}
