"""What pydantic found, said as faults with a place in a file and a cure."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cohortflow.programs.examples import example_of
from cohortflow.programs.shapes import keys_at
from cohortflow.programs.syntax import HARD_SPACE_TOLD
from cohortflow.programs.trees import Mark, Node, Path, path_text
from schemas.errors import Fault
from schemas.phrases import Several, Unclear

Model = TypeVar("Model", bound=BaseModel)
STANDARD = "standard.yaml"
_LONGEST_SHOWN = 60
_BLOCK = ("should be a block of keys and values", "write the keys below it, each with its value")
_KINDS = {
    "dict_type": _BLOCK,
    "model_type": _BLOCK,
    "model_attributes_type": _BLOCK,
    "tuple_type": ("should be a list", "write it in brackets, as [first, second]"),
}


def validated(model: type[Model], tree: Node, data: Any, home: Mark) -> tuple[Model | None, list[Fault]]:
    """The model that `data`, the plain form of `tree`, makes; or None and every fault in it.

    `home` is the file a fault is shown in when nothing of the tree's own file is near.
    """
    faults = list(empty_values(tree))
    try:
        made = model.model_validate(data)
    except ValidationError as error:
        # An empty value is told once, not again by every reader of that value.
        told = {(fault.file, fault.path) for fault in faults}
        for entry in error.errors(include_url=False):
            found = _faults_of(entry, model, tree, home)
            faults += [at_home(fault, home) for fault in found if (fault.file, fault.path) not in told]
        return None, faults
    return (None if faults else made), faults


def at_home(fault: Fault, home: Mark) -> Fault:
    """A fault a person can mend: what the standard lifecycle lacks is written into the program."""
    if fault.file != STANDARD:
        return fault
    return Fault(home.file, home.line, home.column, fault.path, fault.message, fault.severity)


def unsaid(told: list[Fault], found: list[Fault]) -> list[Fault]:
    """What was found of places nothing was said of yet: a value that cannot be read is not told twice."""
    places = {(fault.file, fault.line, fault.path) for fault in told}
    return [fault for fault in found if (fault.file, fault.line, fault.path) not in places]


def empty_values(tree: Node) -> Iterator[Fault]:
    """A key without a value says nothing, and YAML's null is no value either."""
    for node in tree.walk():
        if is_empty(node):
            mark = node.key_mark or node.mark
            example = example_of(node.path) if node.path else None
            mend = f"write {example}" if example else "write one, or remove this key"
            yield Fault(mark.file, mark.line, mark.column, path_text(node.path), f"has no value; {mend}")


def is_empty(node: Node) -> bool:
    """Whether nothing stands where a value should."""
    return isinstance(node.value, str) and node.value.strip() in ("", "~", "null")


def said(what: str, value: object, mend: str) -> str:
    """`what is wrong (got ...); how to mend it`."""
    return f"{what}{_got(value)}; {mend}"


def value_fault(node: Node, what: str, mend: str) -> Fault:
    """A fault at a value of the tree."""
    shown = node.value if isinstance(node.value, str) else None
    return Fault(node.mark.file, node.mark.line, node.mark.column, path_text(node.path), said(what, shown, mend))


def key_fault(node: Node, what: str, mend: str) -> Fault:
    """A fault at the key of a value."""
    mark = node.key_mark or node.mark
    return Fault(mark.file, mark.line, mark.column, path_text(node.path), said(what, node.path[-1], mend))


def nearest(word: str, known: list[str]) -> str:
    """A cure for an unknown name: the nearest known one, or the list of all."""
    near = nearest_of(word, known)
    return f"did you mean {near!r}?" if near else f"known here: {', '.join(known) or 'none yet'}"


def nearest_of(word: str, known: list[str]) -> str | None:
    """The known name that was probably meant."""
    return next(iter(get_close_matches(word.lower(), known, n=1, cutoff=0.6)), None)


def _got(value: object) -> str:
    if not isinstance(value, (str, int, float)):
        return ""
    text = str(value)
    return f" (got {text[:_LONGEST_SHOWN] + '...' if len(text) > _LONGEST_SHOWN else text!r})"


def _faults_of(entry: Any, model: type[BaseModel], tree: Node, home: Mark) -> Iterator[Fault]:
    loc: Path = tuple(entry["loc"])
    error = entry.get("ctx", {}).get("error")
    if isinstance(error, Several):
        for part in error.faults:
            yield _unclear_fault(part, (*loc, *part.at), tree)
    elif isinstance(error, Unclear):
        yield _unclear_fault(error, (*loc, *error.at), tree)
    elif entry["type"] == "missing":
        yield _missing_fault(loc, tree, home)
    elif entry["type"] == "extra_forbidden":
        yield _unknown_key(_nearest_node(tree, loc), model, loc, tree)
    elif entry["type"] == "literal_error":
        known = re.findall(r"'([^']+)'", entry["ctx"]["expected"])
        yield value_fault(_nearest_node(tree, loc), "is not known here", _one_of(str(entry["input"]), known))
    else:
        what, mend = _KINDS.get(entry["type"], ("cannot be read", "look at the vocabulary for how it is written"))
        example = example_of(loc)
        yield value_fault(_nearest_node(tree, loc), what, f"write {example}" if example else f"{mend}, or remove it")


def _unknown_key(node: Node, model: type[BaseModel], loc: Path, tree: Node) -> Fault:
    block = tree.get(*loc[:-1])
    known = keys_at(model, loc[:-1])
    if node.path[:1] == ("cohorts",) and len(node.path) == 3:
        block = tree.get(*node.path[:-1])
        known = ["starts", "ends", "seats", *known]
    if "\xa0" in str(loc[-1]):
        return key_fault(node, f"is no key: {HARD_SPACE_TOLD}", "type ordinary spaces on this line")
    near = nearest_of(str(loc[-1]), known)
    if near and block and block.get(near):
        return key_fault(node, "is an unknown key", f"did you mean {near!r}? That is written already: remove this key")
    mend = nearest(str(loc[-1]), known)
    return key_fault(node, "is an unknown key", mend if near else f"remove it; {mend}")


def _one_of(word: str, known: list[str]) -> str:
    near = nearest_of(word, known)
    # A bar between them, as the vocabulary has it: a value may hold a comma itself.
    names = " | ".join(known)
    return f"did you mean {near!r}? Known: {names}" if near else f"write {names}"


def _unclear_fault(unclear: Unclear, loc: Path, tree: Node) -> Fault:
    of_key = unclear.of_key or loc[-1:] == ("[key]",)
    node = _nearest_node(tree, loc)
    return (key_fault if of_key else value_fault)(node, unclear.what, unclear.mend)


def _missing_fault(loc: Path, tree: Node, home: Mark) -> Fault:
    """What is missing has no line of its own: its block's key is shown, in the file a person can edit."""
    node = _nearest_node(tree, loc[:-1])
    mark = (node.key_mark or node.mark) if node.path else Mark(node.mark.file, 1, 1)
    path = (*node.path, loc[-1]) if len(loc) > 1 else loc
    example = example_of(loc) or f"{loc[-1]}: and its value"
    return Fault(mark.file, mark.line, mark.column, path_text(path), f"is missing; write {example}")


def _nearest_node(tree: Node, loc: Path) -> Node:
    node = tree
    for step in loc:
        # Rosters of several companies stand directly under people: in the file.
        below = node if step == "rosters" else node.get(step)
        if below is None:
            break
        node = below
    return node
