"""Hard rules: what `never` and `must` may hold, how each is written, and what it means."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator

from schemas.phrases import Span, Unclear


@dataclass(frozen=True)
class RuleShape:
    """All that a file may say of a hard rule, and what it means: `check`, editors and the documentation read it here.

    Args:
        under: where it may stand, `never`, `must` or both.
        shape: how its argument is written; the groups low, high and span become numbers of the `HardRule`.
        means: the sentence for the documentation.
        see: keys that have to do with it.
        needs: the column of the roster without which it cannot be kept.
        names_column: whether the argument is a column of the roster, or a question.
    """

    under: tuple[str, ...]
    shape: str
    example: str
    means: str
    see: tuple[str, ...] = ()
    needs: str = ""
    names_column: bool = False


_A_COLUMN = r"[A-Za-z0-9_-]{1,64}"
# What each rule does to a pair stands in tasks/matching_rules.py.
RULES: dict[str, RuleShape] = {
    "reporting_line": RuleShape(
        ("never",), r"within (?P<low>\d{1,2}) levels?", "within 2 levels",
        "One manages the other, over at most so many steps.", ("people.columns.manager",), needs="manager",
    ),
    "time_zone_gap": RuleShape(
        ("never",), r"more than (?P<low>\d{1,2}) hours?", "more than 4 hours",
        "The sites of the two lie too far apart.", ("calendar.sites",), needs="site",
    ),
    "matched_before": RuleShape(
        ("never",), r"ever|within (?P<span>.+)", "within 24 months",
        "The two were a match before: ever, or within a time.",
    ),
    "in_file": RuleShape(
        ("never",), r"[^\\]+", "do_not_pair.csv",
        "Pairs listed in a file beside the program, one pair a line.",
    ),
    "same": RuleShape(
        ("never", "must"), _A_COLUMN, "department",
        "Both have the same value in this column of the roster, or gave the same answer.", ("people.columns",),
        names_column=True,
    ),
    "different": RuleShape(
        ("never", "must"), _A_COLUMN, "site",
        "The two differ in this column of the roster, or in this answer.", ("people.columns",),
        names_column=True,
    ),
    "share": RuleShape(
        ("must",), _A_COLUMN, "languages",
        "Both lists in this column, or in this answer, have something in common.", ("people.columns.languages",),
        names_column=True,
    ),
    "level_window": RuleShape(
        ("never", "must"), r"(?:at least )?(?P<low>\d{1,2})(?: to (?P<high>\d{1,2}))? levels? above",
        "1 to 3 levels above", "The mentor stands so many levels above the mentee.", ("people.levels",), needs="level",
    ),
    "shared_hours": RuleShape(
        ("must",), r"at least (?P<low>\d{1,2}) a week", "at least 2 a week",
        "Both can meet for so many hours a week: as they answered under availability, else nine to five.",
        ("calendar.sites",),
    ),
}  # fmt: skip
NEVER, MUST = (tuple(kind for kind, rule in RULES.items() if where in rule.under) for where in ("never", "must"))


@dataclass(frozen=True)
class HardRule:
    """A rule a pair cannot break: its kind, its argument as written, and what the argument counts.

    `low` is the number in it (levels, hours), `high` the upper end of a level_window, `span` that of matched_before.
    """

    kind: str
    argument: str
    low: int | None = None
    high: int | None = None
    span: Span | None = None


def _hard_rule(given: object, kinds: tuple[str, ...], where: str) -> HardRule:
    if isinstance(given, HardRule):
        return given
    if not isinstance(given, dict) or len(given) != 1:
        raise Unclear("is not one rule with its argument", f"write for example {kinds[0]}: {RULES[kinds[0]].example}")
    ((kind, argument),) = given.items()
    if kind not in kinds:
        other = "must" if where == "never" else "never"
        if kind in RULES:
            raise Unclear(
                f"holds {kind}, which has no meaning under {where}", f"write it under {other}", (kind,), of_key=True
            )
        raise Unclear("is an unknown rule", nearest(str(kind), kinds), (kind,), of_key=True)
    text = " ".join(argument.split()) if isinstance(argument, str) else ""
    found = re.fullmatch(RULES[kind].shape, text)
    if not found:
        raise Unclear(f"is not what {kind} can say", f"write for example {kind}: {RULES[kind].example}", (kind,))
    parts = found.groupdict()
    return HardRule(kind, text, _number(parts.get("low")), _number(parts.get("high")), _span(parts.get("span"), kind))


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _span(text: str | None, kind: str) -> Span | None:
    try:
        return Span.read(text) if text else None
    except Unclear as unclear:
        raise Unclear(unclear.what, f"write for example {kind}: {RULES[kind].example}", (kind,)) from None


def nearest(word: str, known: tuple[str, ...] | list[str]) -> str:
    """A cure for an unknown name: the nearest known one, or all of them."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(known)}"


NeverRule = Annotated[HardRule, BeforeValidator(lambda given: _hard_rule(given, NEVER, "never"))]
MustRule = Annotated[HardRule, BeforeValidator(lambda given: _hard_rule(given, MUST, "must"))]
