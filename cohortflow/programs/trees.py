"""YAML as a tree of text in which every value still knows its file, line and column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from cohortflow.programs.syntax import syntax_fault
from schemas.errors import Fault

MOST_BYTES = 256 * 1024
MOST_DEPTH = 20
MOST_REFUSALS = 20
Path = tuple[str | int, ...]
# The loader written in C reads the same text ten times as fast; both give the same events.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


class Mark(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int


class Node(NamedTuple):
    """A value with its place, the place of its key, and the path under which its own file holds it."""

    value: "str | list[Node] | dict[str, Node]"
    mark: Mark
    path: Path = ()
    key_mark: Mark | None = None

    def plain(self) -> Any:
        """The value without its marks."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def get(self, *path: str | int) -> "Node | None":
        """The node below, or None."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(node.value, dict):
                node = node.value.get(str(step))
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                return None
        return node

    def children(self) -> "Iterator[tuple[str | int, Node]]":
        """The keys or numbers of the nodes directly below, and those nodes."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif isinstance(self.value, list):
            yield from enumerate(self.value)

    def walk(self) -> "Iterator[Node]":
        """This node and all below it."""
        ahead = [self]
        while ahead:
            node = ahead.pop()
            yield node
            if isinstance(node.value, dict):
                ahead.extend(reversed(node.value.values()))
            elif isinstance(node.value, list):
                ahead.extend(reversed(node.value))


def path_text(path: Path) -> str:
    """`("recruit", "emails", 0, "send")` as `recruit.emails[0].send`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "file"


def fault_at(mark: Mark, path: Path, message: str) -> Fault:
    """A fault at a place."""
    return Fault(mark.file, mark.line, mark.column, path_text(path), message)


def merge(base: Node, over: Node, whole: frozenset[Path] = frozenset(), at: Path = ()) -> Node:
    """Blocks are merged key by key; lists and single values replace, and so do blocks at the paths in `whole`."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict) or at in whole:
        return over
    merged = dict(base.value)
    for key, child in over.value.items():
        merged[key] = merge(merged[key], child, whole, (*at, key)) if key in merged else child
    return over._replace(value=merged)


def without(node: Node, keep: frozenset[str]) -> Node:
    """A block with only the keys in `keep`."""
    if not isinstance(node.value, dict):
        return node
    return node._replace(value={key: child for key, child in node.value.items() if key in keep})


def load_tree(text: str, file: str) -> tuple[Node | None, list[Fault]]:
    """The tree of one document, or None with the faults that keep it from being one."""
    start = Mark(file, 1, 1)
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        message = f"is larger than {MOST_BYTES // 1024} KB; split it, or remove what is not configuration"
        return None, [fault_at(start, (), message)]
    if found := _UNPRINTABLE.search(text):
        message = f"a character that cannot be seen (code {ord(found[0]):#x}) stands here; delete it"
        return None, [fault_at(_mark_at(text, found.start(), file), (), message)]
    builder = _Builder(file)
    try:
        node = builder.document(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        return None, [*builder.faults, syntax_fault(error, text, file)]
    except yaml.YAMLError:
        return None, [*builder.faults, fault_at(start, (), "is not YAML; save it as plain UTF-8 text")]
    except _Enough:
        return None, builder.faults
    except _TooDeep as deep:
        message = (
            f"lists and blocks lie more than {MOST_DEPTH} deep here; nothing here needs that: remove the extra brackets"
        )
        return None, [*builder.faults, fault_at(deep.mark, (), message)]
    if node is not None and not isinstance(node.value, dict):
        builder.faults.append(
            fault_at(start, (), "is not a list of keys with values; begin with a line such as version: 1")
        )
        node = None
    return node, builder.faults


def _mark_at(text: str, index: int, file: str) -> Mark:
    before = text[:index]
    return Mark(file, before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


class _Enough(Exception):
    """More was refused than anybody wants to read."""


class _TooDeep(Exception):
    def __init__(self, mark: Mark) -> None:
        self.mark = mark


@dataclass
class _Builder:
    """Turns events into nodes one by one, so that a bomb is refused before it is built."""

    file: str
    faults: list[Fault] = field(default_factory=list)

    def document(self, events: Iterator[Any]) -> Node | None:
        node: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and node is not None:
                self._refuse(
                    event, (), "a second document begins here; keep one per file and delete the line of three dashes"
                )
                return node
            if isinstance(event, yaml.NodeEvent):
                node = self._node(event, events, (), None, 0)
        if node is None:
            self.faults.append(fault_at(Mark(self.file, 1, 1), (), "is empty; begin with a line such as version: 1"))
        return node

    def _mark(self, event: Any) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, event: Any, path: Path, message: str) -> None:
        self.faults.append(fault_at(self._mark(event), path, message))
        # What repeats itself so often is a bomb, or a file of another kind; the rest of it is not worth reading.
        if len(self.faults) >= MOST_REFUSALS:
            raise _Enough

    def _node(self, event: Any, events: Iterator[Any], path: Path, key_mark: Mark | None, depth: int) -> Node:
        mark = self._mark(event)
        if depth > MOST_DEPTH:
            raise _TooDeep(mark)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, path, f"repeats another place (*{event.anchor}); write the values out")
            return Node("-", mark, path, key_mark)
        if event.anchor:
            self._refuse(
                event, path, f"is named for repeating (&{event.anchor}); remove the name and write the values out"
            )
        if event.tag:
            self._refuse(
                event, path, f"has a tag ({event.tag.rpartition(':')[2]}); remove it, everything here is plain text"
            )
        if isinstance(event, yaml.ScalarEvent):
            return Node(event.value, mark, path, key_mark)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._items(events, path, depth), mark, path, key_mark)
        return Node(self._pairs(events, path, depth), mark, path, key_mark)

    def _items(self, events: Iterator[Any], path: Path, depth: int) -> list[Node]:
        items: list[Node] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, (*path, len(items)), None, depth + 1))
        return items

    def _pairs(self, events: Iterator[Any], path: Path, depth: int) -> dict[str, Node]:
        pairs: dict[str, Node] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, events, path, None, depth + 1)
            name = key.value if isinstance(key.value, str) else ""
            value = self._node(next(events), events, (*path, name), key.mark, depth + 1)
            if not isinstance(key.value, str):
                self.faults.append(
                    fault_at(key.mark, path, "a list or block stands where a key belongs; write key: value")
                )
            elif name in pairs:
                first = pairs[name].key_mark or pairs[name].mark
                message = f"is written twice, first on line {first.line}; keep one of the two"
                self.faults.append(fault_at(key.mark, (*path, name), message))
            else:
                pairs[name] = value
        return pairs
