"""The process's environment, validated once.

Every variable begins with ``REACTORY_``; whatever is wrong is reported at once, with the variables' names, before
anything starts. The database's address may hold a password: it is never shown, neither in an error nor in a repr.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_origin

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from reactory.exceptions import InvalidSettingsError
from reactory.topology import COUNTERS_TABLE

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX = "REACTORY_"
SECRET = frozenset({"mongodb_uri", "encryption_key"})
"""Fields whose values are never shown."""

KEY_BYTES = 32
"""Of a master key."""

_CREDENTIALS = re.compile(r"(?<=://)[^/?#]*@")


class RateLimit(BaseModel):
    """``limit`` at once and within each ``per`` seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    limit: int = Field(ge=1, le=1_000_000)
    per: int = Field(ge=1, le=86_400)


class RateLimits(BaseModel):
    """``general``: requests of one caller; ``start``: starts of one workflow by one caller. None: no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    general: RateLimit | None = RateLimit(limit=100, per=60)
    start: RateLimit | None = RateLimit(limit=10, per=60)


class Settings(BaseModel):
    """What the composition root needs to know. Sizes are bytes, times milliseconds unless the name says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    mongodb_uri: str = Field(default="mongodb://127.0.0.1:27017", description="mongodb://… or mongodb+srv://…")
    mongodb_secret: str = Field(
        default="", description="ARN of the Secrets Manager secret that holds the MongoDB URI; it goes before the URI"
    )
    database: str = Field(
        default="reactory", pattern=r"^[A-Za-z0-9_-]{1,38}$", description="letters, digits, _ and -, at most 38"
    )
    aws: Literal["memory", "boto3"] = Field(
        default="boto3", description="queue, bus, counters: memory adapters or boto3"
    )
    blobs: Literal["mongo", "s3", "memory"] = Field(default="mongo", description="where large payloads are kept")
    bucket: str = Field(default="", description="the S3 bucket of the blobs, for REACTORY_BLOBS=s3")
    bus: str = Field(default="reactory", min_length=1, description="name or ARN of the event bus")
    counters_table: str = Field(
        default=COUNTERS_TABLE, min_length=1, description="name of the DynamoDB table of breakers and limits"
    )
    queue_urls: dict[str, str] = Field(
        default_factory=dict, description="JSON: queue name → URL; empty: looked up by name"
    )
    modules: list[str] = Field(default_factory=list, description="JSON: folders or packages with a module.yaml")
    env: dict[str, str] = Field(default_factory=dict, description="JSON: the public values that expressions see as env")
    sensitive: list[str] = Field(
        default_factory=list, description="JSON: more names of fields that logs must mask (SM-13)"
    )
    files_root: str = Field(
        default="", description="absolute path of the folder that file_operation may use; empty: it is refused"
    )
    allowed_scripts: dict[str, str] = Field(
        default_factory=dict, description="JSON: name → absolute path of a Python script that python_script may run"
    )
    allowed_commands: dict[str, list[str]] = Field(
        default_factory=dict, description="JSON: name → list of the words of a command that cli_command may run"
    )
    allowed_hosts: list[str] = Field(
        default_factory=list, description="JSON: hosts, host:port or CIDR that api_call may reach though not public"
    )
    encryption: Literal["off", "local", "kms"] = Field(
        default="off", description="off, or who keeps the key that payloads are encrypted under: local or kms (WH-25)"
    )
    encryption_key: str = Field(
        default="",
        description="for REACTORY_ENCRYPTION=local: base64 of 32 random bytes; behind commas earlier keys, for reading",
    )
    kms_key: str = Field(default="", description="for REACTORY_ENCRYPTION=kms: ARN, id or alias of a symmetric key")
    retry_policies: dict[str, Any] = Field(
        default_factory=dict, description="JSON: name → a retryPolicy that documents may name"
    )
    workflow_overrides: dict[str, Any] = Field(
        default_factory=dict, description="JSON: nameSpace.Name → {maxRetries: 0 to 10, policy: name}"
    )
    rate_limits: RateLimits = Field(
        default_factory=RateLimits,
        description='JSON such as {"general": {"limit": 100, "per": 60}, "start": {"limit": 10, "per": 60}}: limit 1 to '
        "1000000, per 1 to 86400 seconds; null in the place of one switches it off",
    )
    request_limit: int = Field(default=1_048_576, ge=1024, description="bytes, at least 1024")
    inline_limit: int = Field(default=131_072, ge=1024, description="bytes, at least 1024")
    lease_ms: int = Field(default=30_000, ge=1000, description="milliseconds, at least 1000")
    heartbeat_ms: int = Field(default=10_000, ge=100, description="milliseconds, at least 100, below half of the lease")
    step_timeout_ms: int = Field(default=30_000, ge=1, description="milliseconds, at least 1")
    step_threads: int = Field(default=64, ge=1, description="how many Python steps run at once, at least 1")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        default="INFO", description="the least that is logged"
    )

    @field_validator("mongodb_uri")
    @classmethod
    def _is_mongodb(cls, value: str) -> str:
        if not value.startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("must begin with mongodb:// or mongodb+srv://")
        return value

    @field_validator("encryption_key")
    @classmethod
    def _are_keys(cls, value: str) -> str:
        if value and any(not _is_key(part) for part in value.split(",")):
            raise ValueError("must be base64 of 32 bytes, as `openssl rand -base64 32` makes it")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("files_root")
    @classmethod
    def _is_absolute(cls, value: str) -> str:
        if value and not Path(value).is_absolute():
            raise ValueError("must be an absolute path, such as /srv/reactory/files")
        return value

    @field_validator("allowed_scripts")
    @classmethod
    def _are_absolute(cls, value: dict[str, str]) -> dict[str, str]:
        if wrong := [name for name, path in value.items() if not Path(path).is_absolute()]:
            raise ValueError(f"the path of {wrong[0]} must be absolute")
        return value

    @field_validator("allowed_commands")
    @classmethod
    def _have_words(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        if wrong := [name for name, words in value.items() if not words]:
            raise ValueError(f"the command {wrong[0]} is an empty list: give at least the executable")
        return value

    @field_validator("retry_policies")
    @classmethod
    def _are_policies(cls, value: dict[str, Any]) -> dict[str, Any]:
        if value:
            from reactory.definition.configured import read_policies  # late: few have any

            read_policies(value)
        return value

    @field_validator("workflow_overrides")
    @classmethod
    def _are_overrides(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if value:
            from reactory.definition.configured import read_overrides  # late: as above

            read_overrides(value, info.data.get("retry_policies") or {})
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.blobs == "s3" and not self.bucket:
            raise ValueError("REACTORY_BUCKET is missing: REACTORY_BLOBS=s3 needs the name of a bucket")
        if self.encryption == "local" and not self.encryption_key:
            raise ValueError("REACTORY_ENCRYPTION_KEY is missing: REACTORY_ENCRYPTION=local needs base64 of 32 bytes")
        if self.encryption == "kms" and not self.kms_key:
            raise ValueError("REACTORY_KMS_KEY is missing: REACTORY_ENCRYPTION=kms needs the ARN of a key")
        if self.heartbeat_ms * 2 > self.lease_ms:
            raise ValueError(
                f"REACTORY_HEARTBEAT_MS is {self.heartbeat_ms} and REACTORY_LEASE_MS is {self.lease_ms}: "
                "a lease that misses one heartbeat must survive, so make the heartbeat at most half of the lease"
            )
        return self

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, _hidden(name, value) if name in SECRET else value

    @property
    def master_keys(self) -> list[bytes]:
        """The keys of REACTORY_ENCRYPTION_KEY: the first one encrypts, all of them decrypt."""
        return [base64.b64decode(part) for part in self.encryption_key.split(",") if part]


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from ``REACTORY_<FIELD>`` variables; lists and maps are JSON. InvalidSettingsError names all problems."""
    source = os.environ if environ is None else environ
    values: dict[str, object] = {}
    problems: list[str] = []
    for name, info in Settings.model_fields.items():
        raw = source.get(variable(name))
        if raw is None:
            continue
        if info.annotation is not RateLimits and get_origin(info.annotation) not in (list, dict):
            values[name] = raw
            continue
        try:
            values[name] = msgspec.json.decode(raw)
        except msgspec.DecodeError as error:
            problems.append(_problem(name, f" is no JSON ({error})"))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += [_described(details, source) for details in error.errors()]
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise InvalidSettingsError(f"The environment is wrong:\n{listed}", problems)
    return settings


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except ValueError:
        return False


def _hidden(name: str | None, value: str) -> str:
    if name == "mongodb_uri":  # the host helps, the rest is nobody's business
        return _CREDENTIALS.sub("***@", value)
    return "***" if value else ""


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def _described(details: ErrorDetails, source: Mapping[str, str]) -> str:
    message = details["msg"].removeprefix("Value error, ")
    if not details["loc"]:  # about several variables: the message names them
        return f"{message}."
    name = str(details["loc"][0])
    where = "".join(f"[{part!r}]" for part in details["loc"][1:])
    shown = "" if name in SECRET else f" is {source[variable(name)]!r}"
    return _problem(name, f"{where}{shown}: {message[0].lower()}{message[1:]}")


def _problem(name: str, what: str) -> str:
    info = Settings.model_fields[name]
    default = "" if info.default_factory or info.default == "" else f" (default: {info.default})"
    return f"{variable(name)}{what}. Expected: {info.description}{default}."
