"""Places of a program whose values depend on names: columns, levels, mails, forms, questions, rules and targets."""

from collections.abc import Callable
from typing import Any

from cohortflow.programs.columns import KNOWN
from cohortflow.programs.house_names import HouseNames
from cohortflow.programs.json_values import (
    CONDITION_VALUE,
    ID,
    SHARE,
    SPAN,
    TENURE,
    Value,
    condition,
    loose,
    many,
    named,
    number,
    suggested,
    text,
)  # fmt: skip
from schemas.hard_rules import MUST, NEVER, RULES
from schemas.rules import PREFER, TARGETS

Place = Callable[[HouseNames, tuple[str, ...]], Value]
_KNOWN, _A_FORM = "a column of the roster, or a question of the application", "the name of a form"


def _escaped(names: tuple[str, ...]) -> str:
    # Not re.escape, which escapes blanks and dashes; an editor's own regular expressions refuse that.
    return "|".join("".join(f"\\{sign}" if sign in r"\.^$*+?()[]{}|/" else sign for sign in name) for name in names)


def _conditions(names: HouseNames, path: tuple[str, ...]) -> Value:
    columns = names.columns or tuple(name for name in KNOWN if name != "email")
    below = dict.fromkeys(columns, CONDITION_VALUE) | {"tenure": TENURE}
    if names.levels and "level" in below:
        level = _escaped(names.levels)
        told = f"{names.levels[-1]} or above, {names.levels[0]} to {names.levels[-1]}, or a list"
        below["level"] = condition(rf"({level}) or (above|below)|({level}) to ({level})|(not )?({level})", told)
    return _block(below, "conditions, by column", others=not names.columns and CONDITION_VALUE)


def _columns(names: HouseNames, path: tuple[str, ...]) -> Value:
    header = text("a header of the roster's file", r"[^\n]{1,300}")
    return _block(dict.fromkeys(KNOWN, header), "our word and your header", others=header)


def _sensitive(names: HouseNames, path: tuple[str, ...]) -> Value:
    header = text("a header of the roster's file", r"[^\n]{1,300}")
    return Value(_named_keys({}, header), "our word and your header", {"*": header})


def _named_keys(properties: dict[str, Any], others: Value) -> dict[str, Any]:
    keys = {"pattern": f"^{ID}$"}
    return {"type": "object", "properties": properties, "propertyNames": keys, "additionalProperties": others.schema}


def _block(below: dict[str, Value], told: str, others: Value | bool | None = None) -> Value:
    schema: dict[str, Any] = {"type": "object", "additionalProperties": False}
    if isinstance(others, Value):
        schema = _named_keys({}, others)
    return Value(schema, told, below)


def _level_gap(names: HouseNames, path: tuple[str, ...]) -> Value:
    schema = {"type": ["integer", "string"], "minimum": 0, "pattern": loose(r"at most \d{1,2}|\d{1,2}", any_case=False)}
    return Value(schema, "a gap such as at most 1")


def _send(names: HouseNames, path: tuple[str, ...]) -> Value:
    stage = path[1] if path[0] == "stages" else "program"
    return named(names.mails.get(stage, ()), f"the name of a text in `templates/{stage}/`")


def _agenda(names: HouseNames, path: tuple[str, ...]) -> Value:
    told = "the name of a text in `templates/agendas/`; `{n}` is the number of the check-in"
    known = names.mails.get("agendas", ())
    counted = tuple(dict.fromkeys(f"{name[:-1]}{{n}}" for name in known if name.endswith("1")))
    if known:
        return Value({"enum": [*counted, *known]}, told)
    return text(told, r"[a-z0-9_-]{0,60}(\{n\})?[a-z0-9_-]{0,60}")


def _form(names: HouseNames, path: tuple[str, ...]) -> Value:
    return named(names.forms, _A_FORM)


def _rules(kinds: tuple[str, ...]) -> Place:
    def place(names: HouseNames, path: tuple[str, ...]) -> Value:
        below = {kind: _rule(kind, names) for kind in kinds}
        schema: dict[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }
        rule = Value(schema, "one rule and its argument", below)
        return many(rule, or_one=False)

    return place


def _rule(kind: str, names: HouseNames) -> Value:
    rule = RULES[kind]
    if rule.names_column:
        return named(_known(names), _KNOWN)
    shape = rule.shape.replace("(?P<span>.+)", SPAN)
    return text(f"for example {rule.example}", loose(shape, any_case=False)[1:-1])


def _preferences(names: HouseNames, path: tuple[str, ...]) -> Value:
    weight = number(0, 1000, "a weight; together they make 100")
    columns, questions = _escaped(_known(names)) or "[A-Za-z0-9_-]{1,64}", _escaped(names.questions) or ID
    patterns = {
        rf"^(similar|different):? +({columns})$": {
            **weight.schema,
            "description": "Answers of a column, alike or not.",
        },
        rf"^text:? +({questions})$": {
            **weight.schema,
            "description": "Answers to a question of the form, by their words.",
        },
    }
    schema: dict[str, Any] = {"type": "object", "patternProperties": patterns, "additionalProperties": False}
    below = {
        **dict.fromkeys(PREFER, weight),
        "similar COLUMN": weight,
        "different COLUMN": weight,
        "text QUESTION": weight,
    }
    return Value(schema, "weights, by what is preferred", below)


def _targets(names: HouseNames, path: tuple[str, ...]) -> Value:
    score = {"nps": number(-100, 100), "satisfaction": text("a number from 1 to 5", r"[1-5](\.\d+)?")}
    score["satisfaction"].schema.update({"minimum": 1, "maximum": 5})
    below = {name: score.get(name, SHARE) for name in TARGETS}
    within = {r"^first_meeting_in_[1-9]\d{0,2}_days$": SHARE.schema}
    return Value(
        {"type": "object", "patternProperties": within, "additionalProperties": False}, "targets, by name", below
    )


PLACES: dict[tuple[str, ...], Place] = {
    ("who", "mentors"): _conditions,
    ("who", "mentees"): _conditions,
    ("people", "columns"): _columns,
    ("people", "sensitive"): _sensitive,
    ("level_gap",): _level_gap,
    ("escalate", "send"): _send,
    ("stages", "*", "emails", "send"): _send,
    ("stages", "check_in", "agenda"): _agenda,
    ("stages", "recruit", "form"): _form,
    ("stages", "orient", "agreement"): _form,
    ("stages", "orient", "survey"): _form,
    ("stages", "check_in", "survey"): _form,
    ("stages", "evaluate", "survey"): _form,
    ("matching", "never"): _rules(NEVER),
    ("matching", "must"): _rules(MUST),
    ("matching", "prefer"): _preferences,
    ("matching", "check_fairness_by"): lambda names, path: many(
        named((*_known(names), *names.sensitive) if names.columns else (), _KNOWN)
    ),
    ("privacy", "partner_sees"): lambda names, path: many(
        suggested(_shown(names), "a column of the roster, a question of the form, or `goals`")
    ),
    ("measure", "targets"): _targets,
}


def _known(names: HouseNames) -> tuple[str, ...]:
    """What the match knows of a person: the roster and the answers."""
    return tuple(dict.fromkeys((*names.columns, *names.questions))) if names.columns else ()


def _shown(names: HouseNames) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names.columns, "goals", *names.questions))) if names.columns else ()


def place_at(path: tuple[str, ...]) -> Place | None:
    """What may stand at a place with names of its own."""
    return PLACES.get(path) or PLACES.get(any_stage(path))


def any_stage(path: tuple[str, ...]) -> tuple[str, ...]:
    """`stages.recruit.emails.send` as `stages.*.emails.send`."""
    return ("stages", "*", *path[2:]) if path[:1] == ("stages",) and len(path) > 2 else path
