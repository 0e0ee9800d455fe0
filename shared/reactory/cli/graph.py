"""A program as a Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html."""

from __future__ import annotations

from collections.abc import Iterator

from reactory.definition.program import Block, Node, Program, child_blocks

_SHAPES = {
    "condition": ("{", "}"),
    "switch": ("{", "}"),
    "delay": ("([", "])"),
    "start": ("([", "])"),
    "end": ("([", "])"),
    "join": ("((", "))"),
}


def flowchart(program: Program) -> str:
    """One node per step, one subgraph per container and branch; arrows are the order of execution."""
    lines = ["flowchart TD", f"    title[/{_quoted(program.reference)}/]"]
    lines += _block(program.root, "s", 1)
    lines += [f"    title --> s{index}" for index in program.root.entries]
    return "\n".join(lines)


def _block(block: Block, prefix: str, depth: int) -> Iterator[str]:
    """Ids are positions, so that no step's id can collide with a word of Mermaid."""
    indent = "    " * depth
    for index, node in enumerate(block.nodes):
        yield from _node(node, f"{prefix}{index}", depth)
    for index, before in enumerate(block.predecessors):
        for other in before:
            yield f"{indent}{prefix}{other} --> {prefix}{index}"


def _node(node: Node, name: str, depth: int) -> Iterator[str]:
    indent = "    " * depth
    blocks = list(child_blocks(node))
    if not blocks:
        opening, closing = _SHAPES.get(node.type, ("[", "]"))
        yield f"{indent}{name}{opening}{_label(node)}{closing}"
        return
    yield f"{indent}subgraph {name}[{_label(node)}]"
    for number, (key, block) in enumerate(blocks):
        if len(blocks) == 1 and key == "body":
            yield from _block(block, f"{name}_", depth + 1)
        else:
            yield f"{indent}    subgraph {name}_{number}[{_quoted(key)}]"
            yield from _block(block, f"{name}_{number}_", depth + 2)
            yield f"{indent}    end"
    yield f"{indent}end"


def _label(node: Node) -> str:
    notes = [note for note, holds in (("disabled", not node.enabled), ("conditional", node.condition)) if holds]
    more = f" ({', '.join(notes)})" if notes else ""
    return _quoted(f"{node.name or node.id}: {node.type}{more}")


def _quoted(text: str) -> str:
    return '"' + text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;") + '"'
