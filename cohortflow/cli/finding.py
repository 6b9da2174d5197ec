"""From what was typed to the program and cohort that are meant."""

from dataclasses import dataclass
from pathlib import Path

from cohortflow.cli.words import as_typed
from cohortflow.programs.documents import program_files
from schemas.errors import CohortflowError
from schemas.nearest import nearest
from schemas.settings import Settings


@dataclass(frozen=True)
class Target:
    """A program's file and, unless the whole program is meant, the key of a cohort."""

    file: Path
    key: str

    @property
    def program_id(self) -> str:
        """What the program is called everywhere else."""
        return self.file.stem

    @property
    def cohort_id(self) -> str:
        """Such as emerging-leaders/2027-spring."""
        return f"{self.program_id}/{self.key}"


def find(named: str, settings: Settings) -> Target:
    """PROGRAM/COHORT or PROGRAM, where PROGRAM is an id or the path of a file.

    Raises:
        CohortflowError: there is no such program; the nearest names are told.
    """
    whole = named.rstrip("/").endswith(".yaml")
    program, _, key = (named, "", "") if whole else named.rpartition("/") if "/" in named else (named, "", "")
    return Target(program_file(program.rstrip("/"), settings), key)


def program_file(named: str, settings: Settings) -> Path:
    """The file of a program: a path is taken as it is, an id is looked up among the programs."""
    if named.endswith(".yaml") or "/" in named:
        return Path(named)
    file = settings.programs / f"{named}.yaml"
    if file.is_file():
        return Path(as_typed(file))
    known = [path.stem for path in program_files(settings.programs)]
    raise CohortflowError(f"there is no program {named!r} in {as_typed(settings.programs)}; {nearest(named, known)}")
