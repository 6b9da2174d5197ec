"""The JSON Schema of a program, of company.yaml and of a form, read off the models that check them."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator

from cohortflow.programs.house_names import HouseNames
from cohortflow.programs.json_places import place_at
from cohortflow.programs.json_values import (
    PHRASES,
    READERS,
    SHARED,
    Schema,
    Value,
    either,
    many,
    number,
    one_of,
    spoken,
)
from cohortflow.programs.merging import NOT_NEEDED, OPTIONAL, standard
from cohortflow.programs.reference import Entry, Keys, entry_at
from schemas.forms import Form
from schemas.phrases import Phrase
from schemas.program import Program
from schemas.words import Many, Some, Whole

DRAFT = "https://json-schema.org/draft/2020-12/schema"
# What belongs to the program as a whole: a cohort's line cannot say it again.
SAME_FOR_ALL = ("version", "cohorts", "company", "type")
_KEY = {"pattern": "^[a-z0-9_-]{1,64}$", "patternErrorMessage": "Use only a to z, 0 to 9, _ and -."}
# Blocks whose keys are ids by a rule of their own.
_KEYED = (("cohorts",), ("questions",))


class NoShape(TypeError):
    """A model holds a kind of value that nobody has described yet."""


def program_schema(names: HouseNames) -> Schema:
    """What a program's file may say."""
    values = program_values(names)
    needed = [key for key, value in values.items() if value.is_needed and standard().get(key) is None]
    return _file("A program", values, needed)


def company_schema(names: HouseNames) -> Schema:
    """What company.yaml may say: everything but cohorts, which each program declares for itself."""
    values = {key: value for key, value in program_values(names).items() if key != "cohorts"}
    return _file("What all programs of a company share", values, [])


def form_schema() -> Schema:
    """What a form's file may say."""
    values = form_values()
    keys = {key: _told(value, "form", (key,)) for key, value in values.items()}
    needed = [key for key, value in values.items() if value.is_needed]
    return _with_shared({"$schema": DRAFT, "title": "A form", **_object(keys, needed)})


def program_values(names: HouseNames) -> dict[str, Value]:
    """Every key of a program, as the merged file may hold it."""
    return dict(Shaper("program", names).block(Program, ()).below)


def form_values() -> dict[str, Value]:
    """Every key of a form."""
    return dict(Shaper("form", HouseNames()).block(Form, ()).below)


def _file(title: str, values: dict[str, Value], needed: list[str]) -> Schema:
    """A file whose keys are defined once, and used again by the lines of its cohorts."""
    definitions = {key: _told(value, "program", (key,)) for key, value in values.items() if key != "cohorts"}
    properties: Schema = {key: {"$ref": f"#/$defs/{key}"} for key in definitions}
    if "cohorts" in values:
        overrides = {key: ref for key, ref in properties.items() if key not in SAME_FOR_ALL}
        properties["cohorts"] = _cohorts(values["cohorts"], overrides)
    keys = {key: properties[key] for key in values}
    return _with_shared({"$schema": DRAFT, "title": title, **_object(keys, needed), "$defs": definitions})


def _with_shared(schema: Schema) -> Schema:
    """The file's schema with the phrases that it refers to."""
    text = json.dumps(schema)
    used = {name: phrase for name, phrase in SHARED.items() if f'"#/$defs/{name}"' in text}
    return {**schema, "$defs": {**schema.get("$defs", {}), **used}} if used else schema


def _cohorts(cohorts: Value, overrides: Schema) -> Schema:
    """The lines under `cohorts:`: dates and seats, then anything else of the program under the same path."""
    schema = _told(cohorts, "program", ("cohorts",))
    line = schema["additionalProperties"]
    line["properties"] |= overrides
    return schema


def _object(properties: Schema, needed: list[str]) -> Schema:
    required = {"required": needed} if needed else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **required}


def _told(value: Value, kind: str, path: Keys) -> Schema:
    """A value's schema with what the reference says of it, and of everything below it."""
    schema = _with_below(value, kind, path)
    entry = entry_at(kind, path)
    if entry is None:
        return schema
    means = spoken(entry.means if value.below else f"{entry.means} Write {value.words}.")
    return {"description": means, "examples": [_as_an_editor_reads(_example(entry, path))], **schema}


def _example(entry: Entry, path: Keys) -> Any:
    """An example; that of a stage's mail is a mail of this stage."""
    mails = standard().get(*path[:3]) if path[:1] == ("stages",) and path[2:3] == ("emails",) else None
    if mails is None or path[-1] not in ("emails", "send"):
        return entry.example
    first = mails.plain()[:1]
    return first if path[-1] == "emails" else first[0]["send"]


def _with_below(value: Value, kind: str, path: Keys) -> Schema:
    """The schema with the keys of its block, wherever among alternatives the block stands."""
    if not value.below:
        return value.schema
    others = value.below.get("*")
    keys = {key: _told(each, kind, (*path, key)) for key, each in value.below.items() if key.islower() and key != "*"}
    return _filled(value.schema, keys, _told(others, kind, (*path, "*")) if others else None)


def _filled(schema: Schema, keys: Schema, others: Schema | None) -> Schema:
    if "anyOf" in schema:
        return {**schema, "anyOf": [_filled(each, keys, others) for each in schema["anyOf"]]}
    if schema.get("type") == "array":
        return {**schema, "items": _filled(schema["items"], keys, others)}
    if schema.get("type") != "object":
        return schema
    filled = {**schema, "properties": keys} if keys else dict(schema)
    return filled | ({"additionalProperties": others} if others else {})


def _as_an_editor_reads(written: Any) -> Any:
    """An example as YAML 1.2 reads it: our loader keeps every value as text."""
    if isinstance(written, dict):
        return {key: _as_an_editor_reads(value) for key, value in written.items()}
    if isinstance(written, list):
        return [_as_an_editor_reads(value) for value in written]
    return (
        int(written)
        if re.fullmatch(r"-?(0|[1-9]\d*)", written)
        else {"true": True, "false": False}.get(written, written)
    )


def _not_empty(block: Value) -> Value:
    """A block that says something: under any other key of people:, an empty one is a key misspelt."""
    return replace(block, schema={**block.schema, "minProperties": 1})


class Shaper:
    """Walks the models of one kind of file and says at each place what may stand there."""

    def __init__(self, kind: str, names: HouseNames) -> None:
        self.kind, self.names = kind, names

    def block(self, model: type[BaseModel], path: Keys) -> Value:
        """A block: its keys, and nothing else."""
        below, needed = {}, []
        for name, info in model.model_fields.items():
            key = info.alias or name
            if key == "rosters":  # written directly under people:, by the names of the companies
                key = "*"
            value = self.value(info.annotation, tuple(info.metadata), (*path, key))
            value = _not_empty(value.below["*"]) if key == "*" else value
            below[key] = Value(
                value.schema, value.words, value.below, info.is_required(), None if info.is_required() else info.default
            )
            needed += [key] if info.is_required() and self._must_say(path) else []
        return Value(_object({}, needed), "a block", below)

    def _must_say(self, path: Keys) -> bool:
        """Whether a block stands for itself; all others are filled up by the standard, the company or the program."""
        if self.kind == "form":
            return True
        return path[-1:] == ("emails",) or path == ("escalate",) or path == ("cohorts", "*")

    def value(self, kind: Any, metadata: tuple[Any, ...], path: Keys) -> Value:
        """What may stand at a place, by its annotation."""
        place = place_at(path) if self.kind == "program" else None
        value = place(self.names, path) if place else self._by_annotation(kind, metadata, path)
        if self.kind == "program" and path in OPTIONAL:
            value = either(value, one_of((NOT_NEEDED,)))
        return value

    def _by_annotation(self, kind: Any, metadata: tuple[Any, ...], path: Keys) -> Value:
        for part in metadata:
            if isinstance(part, BeforeValidator) and (read := self._read_by(part.func)):
                return read
        if hasattr(kind, "__metadata__"):
            return self._by_annotation(get_args(kind)[0], (*metadata, *kind.__metadata__), path)
        if get_origin(kind) in (Union, UnionType):
            chosen = [part for part in get_args(kind) if part is not NoneType]
            values = [self._by_annotation(part, (), path) for part in chosen]
            return either(*values) if len(values) > 1 else values[0]
        return self._by_origin(kind, metadata, path)

    def _read_by(self, reader: Callable[..., Any]) -> Value | None:
        return number(reader.low, reader.high) if isinstance(reader, Whole) else READERS.get(reader)

    def _by_origin(self, kind: Any, metadata: tuple[Any, ...], path: Keys) -> Value:
        origin = get_origin(kind)
        if origin is tuple:
            or_one = any(part is Many or part is Some for part in metadata)
            return many(self.value(get_args(kind)[0], (), path), at_least=int(Some in metadata), or_one=or_one)
        if origin is dict:
            named_by, held = get_args(kind)
            below = self.value(held, (), (*path, "*"))
            schema: Schema = {"type": "object", "additionalProperties": below.schema}
            if hasattr(named_by, "__metadata__"):
                schema["propertyNames"] = {"pattern": self.value(named_by, (), path).schema["pattern"]}
            elif path in _KEYED:
                schema["propertyNames"] = _KEY
            return Value(schema, "a block, by name", {"*": below})
        if origin is Literal:
            return one_of(get_args(kind))
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return self.block(kind, path)
        if isinstance(kind, type) and issubclass(kind, Phrase):
            return PHRASES[kind]
        raise NoShape(f"{'.'.join(path)}: nothing says how {kind} is written")
