"""What is taken for a secret, and what is not."""

from __future__ import annotations

import pytest

from reactory.masking import MASK, Masker


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "userPassword",
        "accessToken",
        "X-Api-Key",
        "apiKey",
        "Authorization",
        "client secret",
        "Set-Cookie",
    ],
)
def test_sensitive_names_in_any_notation(name: str) -> None:
    """SM-13: case, hyphens, underscores and what stands around the word make no difference."""
    assert Masker().field(name, "value") == MASK
    assert Masker().field(name, {"nested": 1}) == MASK


@pytest.mark.parametrize("name", ["key", "name", "passenger", "author", "instance", "eventKey", "correlation_id"])
def test_ordinary_names_stay(name: str) -> None:
    """What only looks alike is shown."""
    assert Masker().field(name, "value") == "value"


def test_configured_names_are_added() -> None:
    """The settings add fields of the business; an empty name adds nothing, least of all everything."""
    masker = Masker(["IBAN", "tax-id", "", "-"])
    assert masker.field("customerIban", "DE1") == MASK
    assert masker.field("taxId", "1") == MASK
    assert masker.field("name", "ann") == "ann"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mongodb://user:p@ss@host:1/db?x=1", "mongodb://***@host:1/db?x=1"),
        ("two https://a:b@x.test and https://c:d@y.test", "two https://***@x.test and https://***@y.test"),
        ("Authorization: Bearer eyJhbGciOi.J9", "Authorization: Bearer ***"),
        ("Basic dXNlcjpwYXNz", "Basic ***"),
        ("Basic validation and Basic Authentication", "Basic validation and Basic Authentication"),
        ("https://x.test/a@b is no login", "https://x.test/a@b is no login"),
        ("mail ann@example.com", "mail ann@example.com"),
    ],
)
def test_credentials_in_texts(text: str, masked: str) -> None:
    """SM-13: the form gives credentials away where no name does; other texts are left as they are."""
    assert Masker().text(text) == masked


def test_the_original_is_not_changed() -> None:
    """Masking makes a copy: the value goes on being used."""
    value = {"password": "p", "list": [{"token": "t"}]}
    assert Masker().value(value) == {"password": MASK, "list": [{"token": MASK}]}
    assert value == {"password": "p", "list": [{"token": "t"}]}
