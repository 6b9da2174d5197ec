"""One dated run of a program: the program with the cohort's own line merged in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cohortflow.programs.crosschecks import cross_faults, form_of
from cohortflow.programs.faults import nearest, validated
from cohortflow.programs.merging import Sources, cohort_tree, plain_program, program_tree, read_sources
from cohortflow.programs.parsing import FOLDER
from cohortflow.programs.trees import Mark, Node
from schemas.errors import Fault, ProgramError
from schemas.forms import Form
from schemas.program import Program


@dataclass(frozen=True)
class Cohort:
    """A cohort with everything that decides what it does; `files` are the tables its program names, as text."""

    id: str
    program_id: str
    key: str
    name: str
    starts: date
    ends: date
    seats: int
    program: Program
    forms: dict[str, Form]
    files: dict[str, str]


def read_cohort(
    texts: dict[str, str], program_id: str, key: str, line: Mapping[str, Any] | None = None, folder: str = FOLDER
) -> Cohort:
    """The cohort as its program and its line declare it.

    Args:
        line: The raw line to use instead of the one in the texts, for a cohort that runs on what was accepted.

    Raises:
        ProgramError: the program or the line has faults, or there is no such cohort.
    """
    sources = read_sources(texts, program_id, folder)
    if sources.program is None or sources.faults:
        raise ProgramError(sources.faults)
    tree = program_tree(sources)
    view = cohort_tree(tree, key, _line(tree, sources, key, line))
    program, faults = validated(Program, view, plain_program(view), sources.home)
    faults += cross_faults(view, texts, folder, sources.home)
    if program is None or faults:
        raise ProgramError(faults)
    files = {name: text for name, text in texts.items() if not name.endswith(".yaml")}
    return dated_cohort(program, program_id, key, forms_of(texts, folder), files)


def dated_cohort(program: Program, program_id: str, key: str, forms: dict[str, Form], files: dict[str, str]) -> Cohort:
    """The cohort of that key, given the program as it sees it."""
    dates = program.cohorts[key]
    return Cohort(
        id=f"{program_id}/{key}",
        program_id=program_id,
        key=key,
        name=spoken(key),
        starts=dates.starts,
        ends=dates.ends,
        seats=dates.seats,
        program=program,
        forms=forms,
        files=files,
    )


def cohort_line(texts: dict[str, str], program_id: str, key: str, folder: str = FOLDER) -> dict[str, Any]:
    """The cohort's line as it is written, for keeping.

    Raises:
        ProgramError: there is no such program or cohort.
    """
    line: dict[str, Any] = line_node(texts, program_id, key, folder).plain()
    return line


def line_node(texts: dict[str, str], program_id: str, key: str, folder: str = FOLDER) -> Node:
    """The same, with the place of every word of it.

    Raises:
        ProgramError: there is no such program or cohort.
    """
    sources = read_sources(texts, program_id, folder)
    if sources.program is None:
        raise ProgramError(sources.faults)
    return _line(program_tree(sources), sources, key, None)


def spoken(key: str) -> str:
    """How people say a cohort's key: `2027-spring` is Spring 2027."""
    found = re.fullmatch(r"(\d{4})-([a-z]+)", key)
    return f"{found[2].capitalize()} {found[1]}" if found else key


def _line(tree: Node, sources: Sources, key: str, line: Mapping[str, Any] | None) -> Node:
    if line is not None:
        return line_as_node(line, sources.program_file, key)
    cohorts = tree.get("cohorts")
    found = tree.get("cohorts", key)
    if found is None or not isinstance(found.value, dict):
        keys = [str(name) for name, _ in cohorts.children()] if cohorts else []
        message = f"is not declared; {nearest(key, keys)}"
        raise ProgramError([Fault(sources.program_file, 1, 1, f"cohorts.{key}", message)])
    return found


def line_as_node(line: Mapping[str, Any], file: str, key: str) -> Node:
    """A kept line as a tree again; it has lost its places."""
    return _as_node(dict(line), Mark(file, 1, 1), ("cohorts", key))


def _as_node(value: Any, mark: Mark, path: tuple[str | int, ...]) -> Node:
    if isinstance(value, Mapping):
        return Node(
            {str(key): _as_node(child, mark, (*path, str(key))) for key, child in value.items()}, mark, path, mark
        )
    if isinstance(value, (list, tuple)):
        return Node([_as_node(child, mark, (*path, place)) for place, child in enumerate(value)], mark, path, mark)
    return Node(str(value), mark, path, mark)


def forms_of(texts: dict[str, str], folder: str = FOLDER) -> dict[str, Form]:
    """Every form that is sound, by its name."""
    forms = {}
    for name in texts:
        if name.startswith("forms/") and name.endswith(".yaml"):
            form, _ = form_of(texts, key := name.removeprefix("forms/").removesuffix(".yaml"), folder)
            if form is not None:
                forms[key] = form
    return forms
