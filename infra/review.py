"""The rules of cdk-nag, and why one of them does not hold for a resource.

A finding that nobody answered for ends the synthesis. Each answer stands beside the resource that it is about.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Acknowledgment, App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks
from constructs import IConstruct


def review(app: App) -> None:
    """Check every resource while synthesising."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Rule → why it does not hold for this construct and those below it."""
    rules = [Acknowledgment(id=rule, reason=reason) for rule, reason in reasons.items()]
    Validations.of(construct).acknowledge(*rules)
