"""What every key means: the sentences of `reference.yaml`, found by a key's path."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cohortflow.programs.json_places import any_stage
from cohortflow.programs.trees import load_tree
from schemas.hard_rules import RULES

REFERENCE_FILE = Path(__file__).with_name("reference.yaml")
Keys = tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One key: what it means, an example of its value, and the keys it has to do with."""

    means: str
    example: Any
    see: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """Keys that are read together; `of` says in which kind of file they stand."""

    title: str
    of: str
    says: str
    entries: dict[Keys, Entry]


@lru_cache(maxsize=1)
def sections() -> tuple[Section, ...]:
    """Every section, in the order of the documentation."""
    tree, faults = load_tree(REFERENCE_FILE.read_text(encoding="utf-8"), REFERENCE_FILE.name)
    if tree is None or faults:
        raise AssertionError(f"the reference does not load: {faults}")
    return tuple(_section(written) for written in tree.plain()["sections"])


def _section(written: dict[str, Any]) -> Section:
    entries: dict[Keys, Entry] = {}
    for key, each in written["keys"].items():
        path = tuple(key.split("."))
        entries[path] = Entry(" ".join(each["means"].split()), each["example"], tuple(each.get("see", ())))
        entries |= _rules(path)
    return Section(written["title"], written["of"], written["says"].strip(), entries)


def _rules(path: Keys) -> dict[Keys, Entry]:
    """The hard rules below `matching.never` or `matching.must`, which are explained beside their shapes."""
    if path[:-1] != ("matching",):
        return {}
    return {
        (*path, kind): Entry(rule.means, rule.example, rule.see)
        for kind, rule in RULES.items()
        if path[-1] in rule.under
    }


def entries_of(kind: str) -> dict[Keys, Entry]:
    """The entries of program files (company.yaml has the same keys) or of forms."""
    return {path: entry for section in sections() if section.of == kind for path, entry in section.entries.items()}


def entry_at(kind: str, path: Keys) -> Entry | None:
    """The entry of a key; what several places have in common is told once."""
    found = entries_of(kind)
    return next((found[each] for each in told_at(path) if each in found), None)


def told_at(path: Keys) -> Iterator[Keys]:
    """The paths under which a key may be explained, the nearest first."""
    yield path
    yield any_stage(path)
    if path[:2] == ("who", "mentees") and path[2:]:
        yield from told_at(("who", "mentors", *path[2:]))
    if path[:2] in (("who", "mentors"), ("people", "columns")):
        yield (*path[:-1], "*")
    if path[:2] == ("people", "*"):
        yield ("people", *path[2:])
