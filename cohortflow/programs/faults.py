"""What pydantic found, said as faults with a place in a file and a cure."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from cohortflow.programs.trees import Mark, Node, Path, path_text
from schemas.errors import Fault
from schemas.phrases import Several, Unclear

Model = TypeVar("Model", bound=BaseModel)
STANDARD = "standard.yaml"
_LONGEST_SHOWN = 60
_KINDS = {
    "dict_type": ("should be a block of keys and values", "write the keys below it, each with its value"),
    "model_type": ("should be a block of keys and values", "write the keys below it, each with its value"),
    "model_attributes_type": ("should be a block of keys and values", "write the keys below it, each with its value"),
    "tuple_type": ("should be a list", "write it in brackets, for example [first, second]"),
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


def empty_values(tree: Node) -> Iterator[Fault]:
    """A key without a value says nothing, and YAML's null is no value either."""
    for node in tree.walk():
        if isinstance(node.value, str) and node.value.strip() in ("", "~", "null"):
            mark = node.key_mark or node.mark
            message = "has no value; write one, or remove the line"
            yield Fault(mark.file, mark.line, mark.column, path_text(node.path), message)


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
    near = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known) or 'none yet'}"


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
        node = _nearest_node(tree, loc)
        known = keys_at(model, loc[:-1])
        if node.path[:1] == ("cohorts",) and len(node.path) == 3:
            known = ["starts", "ends", "seats", *known]
        yield key_fault(node, "is an unknown key", nearest(str(loc[-1]), known))
    elif entry["type"] == "literal_error":
        known = re.findall(r"'([^']+)'", entry["ctx"]["expected"])
        yield value_fault(_nearest_node(tree, loc), "is not known here", _one_of(str(entry["input"]), known))
    else:
        what, mend = _KINDS.get(entry["type"], ("cannot be read", "look at the vocabulary for how it is written"))
        yield value_fault(_nearest_node(tree, loc), what, mend)


def _one_of(word: str, known: list[str]) -> str:
    near = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    # A bar between them, as the vocabulary has it: a value may hold a comma itself.
    names = " | ".join(known)
    return f"did you mean {near[0]!r}? Known: {names}" if near else f"write {names}"


def _unclear_fault(unclear: Unclear, loc: Path, tree: Node) -> Fault:
    of_key = unclear.of_key or loc[-1:] == ("[key]",)
    node = _nearest_node(tree, loc)
    return (key_fault if of_key else value_fault)(node, unclear.what, unclear.mend)


def _missing_fault(loc: Path, tree: Node, home: Mark) -> Fault:
    """What is missing has no line of its own: its block's key is shown, in the file a person can edit."""
    node = _nearest_node(tree, loc[:-1])
    mark = (node.key_mark or node.mark) if node.path else Mark(node.mark.file, 1, 1)
    path = (*node.path, loc[-1]) if len(loc) > 1 else loc
    return Fault(mark.file, mark.line, mark.column, path_text(path), f"is missing; write {_example(loc)}")


def _example(loc: Path) -> str:
    key = str(loc[-1])
    return EXAMPLES.get(f"{loc[0]}.{key}") or EXAMPLES.get(key) or f"{key}: and its value"


EXAMPLES = {
    "version": "version: 1",
    "name": "name: Emerging Leaders Mentoring",
    "type": "type: one_on_one",
    "purpose": "purpose: and what the program is for, in one line",
    "owner": "owner: mentoring@acme.example",
    "approvers": "approvers: [dana.reyes@acme.example]",
    "sponsor": "sponsor: vp-people@acme.example",
    "cohorts": "cohorts: { 2027-spring: { starts: 2027-03-01, ends: 2027-08-27, seats: 60 } }",
    "starts": "starts: 2027-03-01",
    "ends": "ends: 2027-08-27",
    "seats": "seats: 60",
    "who": "who: { mentors: { level: P6 or above }, mentees: { level: P3 to P5 } }",
    "mentors": "mentors: { level: P6 or above, tenure: at least 12 months }",
    "mentees": "mentees: { level: P3 to P5, tenure: at least 6 months }",
    "send": "send: and the name of the mail, for example send: invite",
    "to": "to: and who gets it, for example to: eligible",
    "when": "when: and the day it goes, for example when: opens",
    "zone": "zone: Europe/Berlin",
    "every": "every: 4 weeks",
    "after": "after: 5 working days",
    "within": "within: 3 working days",
    "if_silent": "if_silent: remind_then_hold",
    "ask": "ask: 10 days after start",
    "set_by": "set_by: 3 weeks after start",
    "until": "until: 6 weeks after start",
    "who_may_ask": "who_may_ask: either",
    "rematches_per_person": "rematches_per_person: 1",
    "reason_seen_by": "reason_seen_by: owner",
    "questions.ask": "ask: and the question as people read it",
    "questions.type": "type: text",
    "questions": "questions: and below it one block per question",
}


def _nearest_node(tree: Node, loc: Path) -> Node:
    node = tree
    for step in loc:
        # Rosters of several companies stand directly under people: in the file.
        below = node if step == "rosters" else node.get(step)
        if below is None:
            break
        node = below
    return node


def keys_at(model: Any, loc: Path) -> list[str]:
    """The keys a block may have, found by following the models from the top."""
    kind = model
    for step in loc:
        kind = _inner(kind, step)
    inner = _unwrapped(kind)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return [info.alias or name for name, info in inner.model_fields.items()]
    return []


def _inner(kind: Any, step: str | int) -> Any:
    kind = _unwrapped(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        found = [info.annotation for name, info in kind.model_fields.items() if (info.alias or name) == step]
        return found[0] if found else None
    arguments = get_args(kind)
    return arguments[-1] if get_origin(kind) is dict and arguments else (arguments[0] if arguments else None)


def _unwrapped(kind: Any) -> Any:
    """The model inside Annotated[...] and ... | None."""
    while kind is not None and get_origin(kind) not in (dict, tuple) and get_args(kind):
        kind = next((part for part in get_args(kind) if part is not type(None)), None)
    return kind
