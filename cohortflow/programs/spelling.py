"""Keys that are misspelt: told once, and read as what was meant, so that one slip is one fault."""

from collections.abc import Iterable
from typing import Any

from cohortflow.programs.columns import KNOWN
from cohortflow.programs.faults import key_fault, nearest_of
from cohortflow.programs.shapes import keys_of, kind_below
from cohortflow.programs.syntax import HARD_SPACE_TOLD
from cohortflow.programs.trees import Node
from schemas.company import People
from schemas.errors import Fault
from schemas.program import CohortLine, Program

_OF_A_ROSTER = ("from", "columns", "levels")


def respelt(tree: Node, model: type) -> tuple[Node, list[Fault]]:
    """The tree with the keys that were meant, and a fault for each that was misspelt."""
    faults: list[Fault] = []
    return _respelt(tree, model, faults), faults


def is_slip(word: str, meant: str) -> bool:
    """Whether one letter is too many, too few or another, or the letters are in another order."""
    if sorted(word) == sorted(meant):
        return True
    at = next((at for at, (ours, theirs) in enumerate(zip(word, meant, strict=False)) if ours != theirs), -1)
    at = min(len(word), len(meant)) if at < 0 else at
    return meant[at + 1 :] in (word[at + 1 :], word[at:]) or word[at + 1 :] == meant[at:]


def _respelt(node: Node, kind: Any, faults: list[Fault]) -> Node:
    if kind is None or isinstance(node.value, str):
        return node
    if isinstance(node.value, list):
        items = [_respelt(child, kind_below(kind, 0), faults) for child in node.value]
        return node if _is_unchanged(items, node.value) else node._replace(value=items)
    known, below = _keys(kind), {}
    for key, child in node.value.items():
        meant = _meant(key, child, node, kind, known)
        if meant and meant not in below:
            what = f"is no key: {HARD_SPACE_TOLD}" if "\xa0" in key else "is an unknown key"
            faults.append(key_fault(child, what, f"did you mean {meant!r}?"))
        name = key if meant is None or meant in below else meant
        below[name] = _respelt(child, _below(kind, name), faults)
    is_unchanged = below.keys() == node.value.keys() and _is_unchanged(below.values(), node.value.values())
    return node if is_unchanged else node._replace(value=below)


def _is_unchanged(now: Iterable[Node], before: Iterable[Node]) -> bool:
    return all(ours is theirs for ours, theirs in zip(now, before, strict=True))


def _meant(key: str, child: Node, block: Node, kind: Any, known: list[str]) -> str | None:
    """The key that is missing here and resembles this one; None for a key that is right or like no other."""
    if block.path[-2:] == ("people", "columns"):
        # Columns of the company's own are welcome; only a slip of the pen in one of ours is told.
        absent = [name for name in KNOWN if name not in block.value]
        return next((name for name in absent if key not in KNOWN and is_slip(key, name)), None)
    if not known or key in known or (kind is People and any(child.get(name) for name in _OF_A_ROSTER)):
        return None
    near = nearest_of(key, known)
    return near if near and near not in block.value else None


def _keys(kind: Any) -> list[str]:
    # A cohort's line may say what its program may say.
    return [*keys_of(kind), *keys_of(Program)] if _is_line(kind) else keys_of(kind)


def _below(kind: Any, key: str) -> Any:
    return kind_below(Program if _is_line(kind) and key not in keys_of(CohortLine) else kind, key)


def _is_line(kind: Any) -> bool:
    return keys_of(kind) == keys_of(CohortLine)
