"""The code that the functions run: the shared layer, and the package with their entry points and the user's modules."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import AssetHashType
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundling.functions import ENTRY_POINTS, build_functions, module_paths
from infra.bundling.layer import LIBRARY, build_layer
from infra.bundling.package import Package
from infra.functions import Code
from infra.options import Options


def create_code(scope: Construct, options: Options, root: Path) -> Code:
    """Layer and package, built first unless the options say that nothing will be deployed."""
    layer = build_layer(root) if options.bundle else Package(root / LIBRARY, "unbundled-layer")
    functions = build_functions(root, options.modules) if options.bundle else Package(root / ENTRY_POINTS, "unbundled")
    version = lambda_.LayerVersion(
        scope,
        "Layer",
        layer_version_name=options.stack_name,
        description="The Reactory library and the packages that it imports",
        code=_asset(layer),
        compatible_architectures=[lambda_.Architecture.ARM_64],
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
    )
    return Code(layer=version, functions=_asset(functions), modules=module_paths(root, options.modules))


def _asset(package: Package) -> lambda_.Code:
    """Known by the digest of its inputs, so that equal sources give equal templates on every machine."""
    return lambda_.Code.from_asset(str(package.path), asset_hash=package.digest, asset_hash_type=AssetHashType.CUSTOM)
