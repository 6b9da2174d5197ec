"""`cohortflow new cohort`: one more line in a program's file, which otherwise stays as it is, sign by sign."""

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from cohortflow.cli.finding import program_file
from cohortflow.cli.new import day_of, id_told, say_of_cohort, sound_text
from cohortflow.cli.words import as_typed, say
from cohortflow.programs.documents import read_config
from cohortflow.programs.drafts import key_of
from cohortflow.programs.insertion import Line, with_cohort
from cohortflow.programs.parsing import parse_program
from schemas.errors import CohortflowError
from schemas.program import CohortLine
from schemas.settings import Settings

BOM = b"\xef\xbb\xbf"


def add_cohort(named: str, starts: str, ends: str, seats: int | None, key: str) -> None:
    """Write the line of a new cohort, and say what to do next.

    Raises:
        ProgramError: the program has faults already; nothing is written.
        CohortflowError: the new line would be faulty; nothing is written.
    """
    settings = Settings()
    file = program_file(named, settings)
    texts = read_config(file)
    cohorts = parse_program(texts, file.stem, file.parent.as_posix()).cohorts
    line = _line(file, cohorts, starts, ends, seats, key)
    content = file.read_bytes()
    text = with_cohort(content.removeprefix(BOM).decode("utf-8"), line, as_typed(file))
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    faults = sound_text(settings, file, {**texts, file.name: plain})
    _replace(file, content, (BOM if content.startswith(BOM) else b"") + text.encode("utf-8"))
    say(f"{as_typed(file)}: added {line.flow()}")
    say_of_cohort(line.key, faults)
    say(f"Next: `cohortflow plan {file.stem}/{line.key}` shows every date and mail.")


def _line(file: Path, cohorts: Mapping[str, CohortLine], starts: str, ends: str, seats: int | None, key: str) -> Line:
    """The line as the options say it; what they leave out is as in the cohort that starts last."""
    first = day_of("--starts", starts)
    last = max(cohorts.values(), key=lambda cohort: cohort.starts, default=None)
    if last is None and not (ends and seats):
        raise CohortflowError(f"{as_typed(file)} has no cohort to take after; say --ends and --seats")
    same = next((name for name, cohort in cohorts.items() if cohort.starts == first), None)
    if same and not key:
        raise CohortflowError(f"{as_typed(file)}: {same} starts on {first} already; for a second one name its --key")
    until = day_of("--ends", ends) if ends else first + _length(last)
    key = id_told("--key", key) if key else key_of(first, frozenset(cohorts))
    if key in cohorts:
        raise CohortflowError(f"{as_typed(file)} has a cohort {key} already; choose another key with --key")
    return Line(key, first.isoformat(), until.isoformat(), seats or (last.seats if last else 0))


def _length(last: CohortLine | None) -> timedelta:
    return last.ends - last.starts if last else timedelta(0)


def _replace(file: Path, before: bytes, after: bytes) -> None:
    """Put the new text in the place of the old one, whole, unless somebody has edited the file meanwhile."""
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(after)
    try:
        shutil.copymode(file, part)
        if file.read_bytes() != before:
            raise CohortflowError(f"{as_typed(file)} was edited just now; nothing is written, run the command again")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
