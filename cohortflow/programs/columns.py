"""Whether the columns, levels and places a program speaks of are those of its roster."""

import re
from collections.abc import Collection, Iterator

from cohortflow.programs.faults import key_fault, nearest, nearest_of, value_fault
from cohortflow.programs.trees import Node
from schemas.errors import Fault
from schemas.hard_rules import RULES
from schemas.phrases import Unclear
from schemas.program import Condition, read_condition

NEEDED = ("id", "email", "name", "status")
KNOWN = (*NEEDED, "manager", "department", "title", "level", "site", "joined", "languages")
_PREFERENCES_NEED = {"different_department": "department", "same_department": "department"}
_NOT_KNOWN = "is not a column of the roster, and no question of the application"
_ORDERED = ("at_or_above", "at_or_below", "between")
_SPAN = re.compile(r"\s*(.+?)\s*[-\u2010-\u2015]\s*(.+?)\s*")  # whichever dash: "P3-P5"


def column_faults(tree: Node, asked: Collection[str] = ()) -> Iterator[Fault]:
    """Every name of a column or level that the roster does not have; the match also knows what applicants are asked."""
    columns = _keys(tree.get("people", "columns"))
    known = [*columns, *asked]
    sensitive = _keys(tree.get("people", "sensitive"))
    yield from _needed_columns(tree, columns)
    yield from _roster_words(tree)
    for role in ("mentors", "mentees"):
        who = tree.get("who", role)
        for key, node in who.children() if who and isinstance(who.value, dict) else ():
            yield from _condition_faults(tree, str(key), node, columns, sensitive, asked)
    for place in ("never", "must"):
        rules = tree.get("matching", place)
        for _, rule in rules.children() if rules else ():
            for key, node in rule.children():
                yield from _rule_faults(str(key), node, known, sensitive)
    yield from _preference_faults(tree, known, sensitive)
    fairness = tree.get("matching", "check_fairness_by")
    for node in _items(fairness):
        if isinstance(node.value, str) and node.value not in [*known, *sensitive]:
            yield value_fault(node, _NOT_KNOWN, nearest(node.value, [*known, *sensitive]))


def _needed_columns(tree: Node, columns: list[str]) -> Iterator[Fault]:
    node = tree.get("people", "columns")
    for name in NEEDED if node else ():
        if node and name not in columns:
            yield _at_key(
                node,
                f"lacks {name}, without which nobody can be invited",
                f"write {name}: and its header in the HR export",
            )
    seen: dict[str, str] = {}
    for key, header in node.children() if node else ():
        text = str(header.value)
        if text in seen:
            yield value_fault(header, f"is the header of {seen[text]} already", "name a column of its own")
        seen.setdefault(text, str(key))


def _roster_words(tree: Node) -> Iterator[Fault]:
    """A level or a status that stands twice has two meanings."""
    yield from _repeated(_items(tree.get("people", "levels")))
    status = tree.get("people", "status")
    yield from _repeated([node for _, words in (status.children() if status else ()) for node in _items(words)])
    low = tree.get("people", "status", "active")
    if low is not None and low.value == []:
        yield value_fault(low, "names no word for people at work", "write for example active: [Active]")


def _repeated(nodes: list[Node]) -> Iterator[Fault]:
    seen: set[str] = set()
    for node in nodes:
        if isinstance(node.value, str):
            if node.value in seen:
                yield value_fault(node, "stands here twice", "keep one of the two")
            seen.add(node.value)


def _condition_faults(
    tree: Node, key: str, node: Node, columns: list[str], sensitive: list[str], asked: Collection[str]
) -> Iterator[Fault]:
    if key in sensitive:
        yield key_fault(node, "is sensitive, and only the fairness report may read it", "remove this condition")
        return
    if key in asked and key not in columns:
        what = "is only asked of people who apply, and this decides who may; no column of the roster is called so"
        yield key_fault(node, what, f"add {key}: and its header under people.columns, or remove this condition")
        return
    if key != "tenure" and key not in columns:
        yield key_fault(node, "is not a column of the roster", nearest(key, [*columns, "tenure"]))
        return
    if key == "tenure" and "joined" not in columns:
        yield key_fault(
            node, "needs the column joined, which people.columns does not name", "add joined: Hire Date there"
        )
    try:
        condition = read_condition(node.plain())
    except Unclear:
        return
    yield from _operation_faults(tree, key, node, condition)


def _operation_faults(tree: Node, key: str, node: Node, condition: Condition) -> Iterator[Fault]:
    in_months = condition.op.endswith("_months")
    if key == "tenure":
        if not in_months:
            yield value_fault(node, "is not a length of service", "write for example at least 12 months")
    elif in_months:
        yield value_fault(
            node, f"is a length of service, and {key} is none", "write it under tenure, or list the values"
        )
    elif key == "level":
        yield from _level_faults(tree, node, condition)
    elif condition.op in _ORDERED:
        yield value_fault(
            node,
            f"compares, and only level has an order; {key} has none",
            f"list the values, for example {key}: [first, second]",
        )


def _level_faults(tree: Node, node: Node, condition: Condition) -> Iterator[Fault]:
    levels = [level.value for level in _items(tree.get("people", "levels")) if isinstance(level.value, str)]
    unknown = [level for level in condition.values if level not in levels]
    if unknown:
        named = f"{'the level' if len(unknown) == 1 else 'the levels'} {' and '.join(unknown)}"
        mend = _nearest_levels(node, unknown, levels)
        yield value_fault(node, f"names {named}, which people.levels does not have", mend)
    if (
        not unknown
        and condition.op == "between"
        and levels.index(condition.values[0]) > levels.index(condition.values[1])
    ):
        yield value_fault(node, "ends below where it begins", f"write {condition.values[1]} to {condition.values[0]}")


def _nearest_levels(node: Node, unknown: list[str], levels: list[str]) -> str:
    """A cure for unknown levels: how else they are spelled, or all levels in their order."""
    if not levels:
        return "write people.levels in company.yaml, from the lowest to the highest"
    if isinstance(node.value, str) and (span := _SPAN.fullmatch(node.value)) and {span[1], span[2]} <= set(levels):
        return f"did you mean '{span[1]} to {span[2]}'?"
    same = {level: known for level in unknown for known in levels if known.casefold() == level.casefold()}
    if len(same) < len(unknown) or not isinstance(node.value, str):
        return f"known, from the lowest: {', '.join(levels)}"
    meant = " ".join(same.get(word, word) for word in node.value.split())
    return f"did you mean {meant!r}?"


def _rule_faults(kind: str, node: Node, columns: list[str], sensitive: list[str]) -> Iterator[Fault]:
    argument, rule = str(node.value), RULES.get(kind)
    if rule is None:
        return
    if rule.names_column:
        if argument in sensitive:
            yield value_fault(node, "is sensitive, and only the fairness report may read it", "remove this rule")
        elif argument not in columns:
            yield value_fault(node, _NOT_KNOWN, nearest(argument, columns))
    elif rule.needs and rule.needs not in columns:
        yield key_fault(
            node,
            f"needs the column {rule.needs}, which people.columns does not name",
            f"add {rule.needs}: there, or remove this rule",
        )


def _preference_faults(tree: Node, columns: list[str], sensitive: list[str]) -> Iterator[Fault]:
    prefer = tree.get("matching", "prefer")
    for key, node in prefer.children() if prefer else ():
        found = re.fullmatch(r"(?:similar|different):? +(\S+)", str(key))
        needed = found[1] if found else _PREFERENCES_NEED.get(str(key))
        if needed in sensitive:
            yield key_fault(node, "is sensitive, and only the fairness report may read it", "remove this preference")
        elif needed and needed not in columns:
            near = nearest_of(needed, columns) if found else None
            mend = (
                f"did you mean {str(key).replace(needed, near)!r}?"
                if near
                else f"add {needed}: there, or remove this key"
            )
            yield key_fault(node, f"needs the column {needed}, which people.columns does not name", mend)


def _at_key(node: Node, what: str, mend: str) -> Fault:
    return key_fault(node, what, mend)


def _keys(node: Node | None) -> list[str]:
    return [str(key) for key, _ in node.children()] if node and isinstance(node.value, dict) else []


def _items(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return node.value if isinstance(node.value, list) else [node]
