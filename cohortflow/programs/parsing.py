"""From the texts of a program to the program itself, or to everything that is wrong with it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from cohortflow.programs.crosschecks import cross_faults
from cohortflow.programs.faults import unsaid, validated
from cohortflow.programs.later import later_faults
from cohortflow.programs.lints.comments import cut_faults
from cohortflow.programs.lints.keys import key_faults, masked
from cohortflow.programs.mails import template_faults
from cohortflow.programs.merging import Sources, cohort_tree, overrides_of, plain_program, program_tree, read_sources
from cohortflow.programs.trees import Node
from schemas.errors import Fault, ProgramError
from schemas.program import Program

if TYPE_CHECKING:
    from cohortflow.programs.lints.views import Run

FOLDER = "program_configs"


@dataclass(frozen=True)
class Reading:
    """What the texts of one program say: its model, or every error; its tree, and the views of longer cohort lines."""

    sources: Sources
    program: Program | None
    faults: list[Fault]
    tree: Node | None = None
    views: dict[str, tuple[Node, Program | None]] = field(default_factory=dict)


def parse_program(texts: dict[str, str], program_id: str, folder: str = FOLDER) -> Program:
    """The program that the texts declare; its cohorts' own overrides are checked too, but not merged.

    Raises:
        ProgramError: with every fault there is.
    """
    reading = read_program(texts, program_id, folder)
    if reading.faults or reading.program is None:
        raise ProgramError(reading.faults)
    return reading.program


def check_config(
    texts: dict[str, str], program_id: str, folder: str = FOLDER, templates: Collection[str] | None = None
) -> list[Fault]:
    """Every error, and what a coordinator should know besides: warnings and notes.

    `templates` are the names of the mail texts there are, such as `recruit/invite.en.md`; without them no mail is
    looked up.
    """
    return examine(texts, program_id, folder, templates)[0]


def examine(
    texts: dict[str, str], program_id: str, folder: str = FOLDER, templates: Collection[str] | None = None
) -> "tuple[list[Fault], list[Run]]":
    """As `check_config`, and the cohorts with their dates, for what concerns several programs at once."""
    from cohortflow.programs.lints.linting import lint  # late: cohorts.py, which every lint needs, imports this module

    reading = read_program(texts, program_id, folder)
    faults: list[Fault] = list(reading.faults)
    runs: list[Run] = []
    if reading.tree is not None:
        for view in (reading.tree, *(view for view, _ in reading.views.values())):
            found = template_faults(view, templates, reading.sources.home) if templates is not None else []
            faults += unsaid(faults, found)
            faults += later_faults(view)
        found, runs = lint(reading, texts, program_id, folder)
        faults += found
    written = _written(texts, program_id)
    faults += cut_faults(texts, written, folder)
    return masked(sorted(set(faults)), texts, written), runs


def read_program(texts: dict[str, str], program_id: str, folder: str = FOLDER) -> Reading:
    """Everything the texts of a program say, and everything that is wrong with them."""
    sources = read_sources(texts, program_id, folder)
    written = _written(texts, program_id)
    secrets = key_faults(texts, written, folder)
    if sources.program is None:
        return Reading(sources, None, masked(sorted({*sources.faults, *secrets}), texts, written))
    tree = program_tree(sources)
    program, faults = validated(Program, tree, plain_program(tree), sources.home)
    is_sound = not faults
    views: dict[str, tuple[Node, Program | None]] = {}
    for key, view in _cohort_views(tree):
        seen, found = validated(Program, view, plain_program(view), sources.home)
        views[key] = view, seen
        # Over a broken block of the program, a cohort's line would seem to lack whatever that block should have said.
        faults += [fault for fault in found if is_sound or not fault.message.startswith("is missing")]
    # Beside a company file that cannot be read, every column and level would seem to be missing.
    if sources.is_whole:
        for view in (tree, *(view for view, _ in views.values())):
            faults += unsaid(faults, cross_faults(view, texts, folder, sources.home))
    faults = masked(sorted({*sources.faults, *faults, *secrets}), texts, written)
    return Reading(sources, None if faults else program, faults, tree, views)


def _written(texts: dict[str, str], program_id: str) -> list[str]:
    """The files that people write by hand."""
    return [name for name in texts if name in (f"{program_id}.yaml", "company.yaml") or name.startswith("forms/")]


def _cohort_views(tree: Node) -> Iterator[tuple[str, Node]]:
    """The program as each cohort sees it whose line says more than dates and seats."""
    cohorts = tree.get("cohorts")
    for key, line in cohorts.children() if cohorts and isinstance(cohorts.value, dict) else ():
        if isinstance(line.value, dict) and overrides_of(line):
            yield str(key), cohort_tree(tree, str(key), line)


def resolved_text(texts: dict[str, str], program_id: str, folder: str = FOLDER) -> str:
    """The program with everything it left out, as YAML that parses to the same program.

    Raises:
        ProgramError: the program has faults.
    """
    parse_program(texts, program_id, folder)
    tree = program_tree(read_sources(texts, program_id, folder)).plain()
    ordered = {info.alias or name: None for name, info in Program.model_fields.items()}
    data = {key: tree[key] for key in ordered if key in tree}
    head = f"# {program_id}.yaml with everything it leaves out: the standard lifecycle and company.yaml filled in.\n"
    body = yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=120, allow_unicode=True)
    return head + body
