"""Documents as text: YAML and JSON, their lines, and what no document may do to its reader."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reactory.definition.document import MAX_BYTES, load_document
from reactory.definition.location import format_path, parse_path
from reactory.definition.problem import Problem
from reactory.exceptions import InvalidDefinitionError


def refused(text: str | bytes) -> Problem:
    with pytest.raises(InvalidDefinitionError) as caught:
        load_document(text, name="order.yaml")
    assert caught.value.problems
    return caught.value.problems[0]


def test_yaml_and_json_give_the_same_data() -> None:
    """YF-1: the notation makes no difference to what a document says."""
    data = {"nameSpace": "acme", "steps": [{"id": "a", "n": 1, "f": 1.5, "on": True, "none": None, "text": "a\tb"}]}
    yaml_text = 'nameSpace: acme\nsteps:\n  - {id: a, n: 1, f: 1.5, on: true, none: ~, text: "a\\tb"}\n'
    assert load_document(yaml_text).data == data
    assert load_document(json.dumps(data)).data == data
    assert load_document(json.dumps(data, indent="\t")).data == data


@pytest.mark.parametrize("word", ["on", "off", "yes", "No", "y", "2026-01-31", "12:30:45", "1_000", "0b11", "1.2.3"])
def test_words_of_yaml_1_1_stay_texts(word: str) -> None:
    """YF-1: only what YAML 1.2 calls a number, a boolean or null is one."""
    assert load_document(f"value: {word}").data == {"value": word}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None),
        ("", None),
        ("null", None),
        ("True", True),
        ("false", False),
        ("-12", -12),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_words_of_yaml_1_2_have_their_values(text: str, value: Any) -> None:
    """YF-1: numbers, booleans and null are read by the core schema of YAML 1.2."""
    found = load_document(f"value: {text}").data["value"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_always_texts() -> None:
    """YF-1: `on:` and `1:` are keys as they are written, as they would be in JSON."""
    assert load_document("on: 1\n1: 2\ntrue: 3\nnull: 4\n").data == {"on": 1, "1": 2, "true": 3, "null": 4}


@pytest.mark.parametrize("value", ["9223372036854775808", "1e999", ".inf", "-.INF", ".nan", "!!binary aGk=", "!mine x"])
def test_values_that_cannot_be_kept_are_problems(value: str) -> None:
    """YF-1: what the store cannot hold is reported with its place, and the rest is still read."""
    document = load_document(f"a: 1\nb:\n  - {value}\nc: 3")
    assert [(p.code, p.path, p.line) for p in document.problems] == [("INVALID_FIELD", "b[0]", 3)]
    assert document.data["c"] == 3


def test_texts_that_cannot_be_kept_are_problems() -> None:
    """YF-1: half a surrogate pair or a NUL is found when the document is read, not when it is stored."""
    document = load_document('{"a": "\\ud800",\n"b": "x\\u0000", "c": "\\ud83d\\ude00"}')
    assert [(p.path, p.line) for p in document.problems] == [("a", 1), ("b", 2)]
    assert document.data["c"] == "😀"


@pytest.mark.parametrize("text", ["a: 1\nb:\n  x: 1\n  x: 2\n", '{"a": 1, "b":\n{\n"x": 1,\n"x": 2}}'])
def test_duplicate_keys_are_problems(text: str) -> None:
    """YF-1: a key given twice is reported with both lines, in both notations."""
    (problem,) = load_document(text).problems
    assert (problem.code, problem.path, problem.line) == ("DUPLICATE_KEY", "b.x", 4)
    assert "line 3" in problem.message


def test_every_value_has_the_line_of_its_key() -> None:
    """YF-1: the line is that of the key; of what is not there, that of what is around it."""
    document = load_document('steps:\n  - id: a\n    config:\n      "x.y":\n        - 1\n        -\n          2\n')
    assert document.line("steps") == 1
    assert document.line("steps[0]") == 2
    assert document.line("steps[0].config") == 3
    assert document.line('steps[0].config["x.y"]') == 4
    assert document.line('steps[0].config["x.y"][0]') == 5
    assert document.line("steps[0].config.missing.deep") == 3
    assert document.line("nothing") == 1


def test_lines_of_json() -> None:
    """YF-1: JSON has lines too."""
    document = load_document('\n{\n"steps": [\n{"id": "a",\n"config": {"n": -1.5e3, "t": "}\\"]"}}]}')
    assert document.data == {"steps": [{"id": "a", "config": {"n": -1500.0, "t": '}"]'}}]}
    assert [document.line(p) for p in ("steps", "steps[0].id", "steps[0].config.n")] == [3, 4, 5]


def test_anchors_and_merges() -> None:
    """YF-1: aliases stand for what they name, and `<<` takes over what is not given."""
    document = load_document("base: &b {x: 1, y: [2]}\nsame: *b\nmore: {<<: *b, y: 3}\nboth: {<<: [{x: 5}, *b]}\n")
    assert document.data["same"] == {"x": 1, "y": [2]}
    assert document.data["more"] == {"x": 1, "y": 3}
    assert document.data["both"] == {"x": 5, "y": [2]}
    assert document.line("same.y[0]") == 2
    assert document.problems == ()


def test_aliases_do_not_multiply_without_bound() -> None:
    """YF-1: a few lines of aliases of aliases are refused before they unfold."""
    lines = ["a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert "aliases" in refused("\n".join(lines)).message


def test_aliases_do_not_nest_without_bound() -> None:
    """YF-1: depth is bounded through aliases too."""
    lines = ["a0: &a0 [1]", *(f"a{n}: &a{n} {'[' * 40}*a{n - 1}{']' * 40}" for n in range(1, 5))]
    assert "deeper" in refused("\n".join(lines)).message


def test_an_anchor_cannot_contain_itself() -> None:
    """YF-1: a document is a tree."""
    problem = refused("a: 1\nb: &b\n  c: *b\n")
    assert (problem.line, "*b" in problem.message) == (3, True)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 100_000, "a: " + "[" * 500 + "]" * 500, "- " * 5000])
def test_depth_is_bounded(text: str) -> None:
    """YF-1: nesting without end is an error, not a crash."""
    assert refused(text).code == "INVALID_DOCUMENT"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "empty"),
        ("# nothing\n", None, "empty"),
        ("- a\n", None, "list"),
        ("word", None, "single value"),
        ("a: [1,\nb: }", 2, "YAML"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: 1\n? [x]\n: 2\n", 2, "key"),
        ('{"a": 1,\n"b" 2}', 2, "JSON"),
        ('{"a": NaN}', None, "NaN"),
        ("a: \x07", None, "YAML"),
        (b"a: 1\nb: \xff\n", 2, "UTF-8"),
        ("a: \ud800", 1, "surrogate"),
        ("a" * (MAX_BYTES + 1), None, "bytes"),
        (b"<html>&nbsp;</html>", None, "mapping"),
        ("k" * 600 + ": 1", 1, "longer"),
        ('{"' + "k" * 600 + '": 1}', 1, "longer"),
    ],
)
def test_what_is_no_document_is_refused_with_its_line(text: str | bytes, line: int | None, said: str) -> None:
    """YF-1: a text that cannot be read at all is one problem that says where and why."""
    problem = refused(text)
    assert problem.code == "INVALID_DOCUMENT"
    assert problem.line == line
    assert said in problem.message


def test_the_error_names_the_file() -> None:
    """YF-1: whoever loads many files sees which one it was."""
    with pytest.raises(InvalidDefinitionError, match=r"order\.yaml, line 2"):
        load_document("a: 1\nb: [", name="order.yaml")


def test_a_byte_order_mark_is_no_content() -> None:
    """YF-1: files of Windows editors are read."""
    assert load_document(b"\xef\xbb\xbfa: 1").data == {"a": 1}
    assert load_document('\ufeff{"a": 1}').data == {"a": 1}


def test_yaml_in_its_flow_style_is_no_json() -> None:
    """YF-1: what begins with a brace may still be YAML."""
    assert load_document("{a: 1, b: [x, y]}").data == {"a": 1, "b": ["x", "y"]}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("steps", 2, "config", "url"), "steps[2].config.url"),
        (("inputs", "a.b", "type"), 'inputs["a.b"].type'),
        (("x", 'q"]', 0, ""), 'x["q\\"]"][0][""]'),
        ((), ""),
    ],
)
def test_paths_are_written_and_read(path: tuple[str | int, ...], text: str) -> None:
    """YF-1: a path as text leads back to its value."""
    assert format_path(path) == text
    assert parse_path(text) == path


def test_a_wrong_path_is_refused() -> None:
    """YF-1: a path that nobody wrote is an error and not a wrong place."""
    with pytest.raises(ValueError, match="no path"):
        parse_path("steps[x]")
