"""The HTTP API: every route of the topology to its function."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_authorizers import HttpIamAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.functions import create_log_group
from infra.options import Options
from reactory import topology

REQUESTS_PER_SECOND = 100
BURST = 200

ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.identity.userArn",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "responseLength": "$context.responseLength",
    "integrationError": "$context.integrationErrorMessage",
}
"""One line per request: who, what, how it went. No bodies, no headers, no query strings."""


def create_api(scope: Construct, options: Options, functions: Mapping[str, lambda_.Function]) -> apigateway.HttpApi:
    """Closed by default: a caller signs its requests, and its own policy allows ``execute-api:Invoke``."""
    api = apigateway.HttpApi(
        scope,
        "Api",
        api_name=options.stack_name,
        description="Reactory's workflows",
        create_default_stage=False,
        default_authorizer=HttpIamAuthorizer(),
    )
    _create_stage(scope, options, api)
    for spec in topology.FUNCTIONS:
        if spec.routes:
            _route(api, spec, functions[spec.name])
    return api


def _create_stage(scope: Construct, options: Options, api: apigateway.HttpApi) -> None:
    """The one stage, at the root of the address, with a ceiling and a log."""
    log_group = create_log_group(scope, options, "Logs-api", f"/aws/apigateway/{options.stack_name}")
    apigateway.CfnStage(
        scope,
        "Stage",
        api_id=api.api_id,
        stage_name="$default",
        auto_deploy=True,
        default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
            throttling_rate_limit=REQUESTS_PER_SECOND, throttling_burst_limit=BURST
        ),
        access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=json.dumps(ACCESS_LOG)
        ),
    )


def _route(api: apigateway.HttpApi, spec: topology.FunctionSpec, function: lambda_.Function) -> None:
    """All routes of a function through one integration and one permission."""
    integration = HttpLambdaIntegration(
        f"Integration-{spec.name}",
        function,
        payload_format_version=apigateway.PayloadFormatVersion.VERSION_2_0,
        scope_permission_to_route=False,
    )
    for route in spec.routes:
        method = apigateway.HttpMethod[route.method]
        api.add_routes(path=route.path, methods=[method], integration=integration)
