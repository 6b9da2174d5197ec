"""From the texts of a program to the program itself, or to everything that is wrong with it."""

from collections.abc import Collection, Iterator

import yaml

from cohortflow.programs.crosschecks import cross_faults
from cohortflow.programs.faults import validated
from cohortflow.programs.later import later_faults
from cohortflow.programs.mails import template_faults
from cohortflow.programs.merging import cohort_tree, overrides_of, plain_program, program_tree, read_sources
from cohortflow.programs.trees import Node
from schemas.errors import Fault, ProgramError
from schemas.program import Program

FOLDER = "program_configs"


def parse_program(texts: dict[str, str], program_id: str, folder: str = FOLDER) -> Program:
    """The program that the texts declare; its cohorts' own overrides are checked too, but not merged.

    Raises:
        ProgramError: with every fault there is.
    """
    program, faults = _read(texts, program_id, folder)
    if faults or program is None:
        raise ProgramError(faults)
    return program


def check_config(
    texts: dict[str, str], program_id: str, folder: str = FOLDER, templates: Collection[str] | None = None
) -> list[Fault]:
    """Every error, and what a coordinator should know besides: warnings and notes.

    `templates` are the names of the mail texts there are, such as `recruit/invite.en.md`; without them no mail is
    looked up.
    """
    faults = _read(texts, program_id, folder)[1]
    sources = read_sources(texts, program_id, folder)
    if sources.program is not None:
        tree = program_tree(sources)
        for view in (tree, *_cohort_views(tree)):
            faults += template_faults(view, templates, sources.home) if templates is not None else []
            faults += later_faults(view)
    return sorted(set(faults))


def _read(texts: dict[str, str], program_id: str, folder: str) -> tuple[Program | None, list[Fault]]:
    sources = read_sources(texts, program_id, folder)
    if sources.program is None:
        return None, sources.faults
    tree = program_tree(sources)
    program, faults = validated(Program, tree, plain_program(tree), sources.home)
    is_sound = not faults
    for view in _cohort_views(tree):
        found = validated(Program, view, plain_program(view), sources.home)[1]
        # Over a broken block of the program, a cohort's line would seem to lack whatever that block should have said.
        faults += [fault for fault in found if is_sound or not fault.message.startswith("is missing")]
    # Beside a company file that cannot be read, every column and level would seem to be missing.
    if sources.is_whole:
        for view in (tree, *_cohort_views(tree)):
            faults += cross_faults(view, texts, folder, sources.home)
    faults = sorted({*sources.faults, *faults})
    return (None if faults else program), faults


def _cohort_views(tree: Node) -> Iterator[Node]:
    """The program as each cohort sees it whose line says more than dates and seats."""
    cohorts = tree.get("cohorts")
    for key, line in cohorts.children() if cohorts and isinstance(cohorts.value, dict) else ():
        if isinstance(line.value, dict) and overrides_of(line):
            yield cohort_tree(tree, str(key), line)


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
