"""The stack: everything that ``cdk deploy`` brings up, composed of one module per capability."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.api import create_api
from infra.bus import create_bus_rules
from infra.functions import create_functions
from infra.layer import create_code
from infra.options import ROOT, Options
from infra.resources import create_resources
from infra.rules import create_rules


class ReactoryStack(Stack):
    """The topology as AWS resources. Account and region are those of whoever deploys it."""

    def __init__(self, scope: Construct, options: Options) -> None:
        super().__init__(
            scope,
            "Reactory",
            stack_name=options.stack_name,
            description="Reactory: a durable workflow engine",
        )
        resources = create_resources(self, options)
        functions = create_functions(self, options, resources, create_code(self, options, ROOT))
        api = create_api(self, options, functions)
        create_rules(self, options, functions)
        create_bus_rules(self, options, resources.bus, resources.queues)
        CfnOutput(self, "ApiUrl", value=api.api_endpoint, description="Where the API answers")
        CfnOutput(
            self,
            "MongoDbSecret",
            value=resources.database.secret_arn,
            description="The secret that takes the MongoDB URI",
        )
