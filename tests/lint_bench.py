"""The bench on which lints are tried: the shipped program with some of it written differently, and what `check` says."""

from functools import cache
from pathlib import Path

from cohortflow.programs.documents import read_config
from cohortflow.programs.parsing import check_config
from schemas.errors import Fault

CONFIGS = Path(__file__).parents[1] / "program_configs"
ID = "emerging-leaders"
PROGRAM, COMPANY = f"program_configs/{ID}.yaml", "program_configs/company.yaml"


@cache
def shipped(program_id: str = ID) -> dict[str, str]:
    """The texts of a program that ships."""
    return read_config(CONFIGS / f"{program_id}.yaml")


def edited(*changes: tuple[str, str], program_id: str = ID) -> dict[str, str]:
    """The shipped texts with pieces written differently, wherever each of them stands first."""
    texts = dict(shipped(program_id))
    for old, new in changes:
        name = next(name for name in (f"{program_id}.yaml", *texts) if old in texts[name])
        texts[name] = texts[name].replace(old, new, 1)
    return texts


def faults(*changes: tuple[str, str], program_id: str = ID) -> list[Fault]:
    """What `check` says of the changed program and would not say of the one that ships."""
    known = {(fault.path, fault.message) for fault in check_config(shipped(program_id), program_id)}
    found = check_config(edited(*changes, program_id=program_id), program_id)
    return [fault for fault in found if (fault.path, fault.message) not in known]


def only_fault(*changes: tuple[str, str], program_id: str = ID) -> Fault:
    """The one thing that `check` says besides."""
    (fault,) = faults(*changes, program_id=program_id)
    return fault


def line_of(piece: str, *changes: tuple[str, str], file: str = PROGRAM, program_id: str = ID) -> int:
    """The line of a file on which a piece of text stands, once the changes are made."""
    text = edited(*changes, program_id=program_id)[file.removeprefix("program_configs/")]
    return text[: text.index(piece)].count("\n") + 1
