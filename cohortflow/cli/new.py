"""`cohortflow new`: six questions, or six options, and a program that passes `check`."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from cohortflow.cli.questions import Question, answers_to, read
from cohortflow.cli.schema import FOLDER, write_schemas
from cohortflow.cli.words import as_typed, say
from cohortflow.mailroom.texts import as_read_by, read_texts
from cohortflow.programs.documents import read_shared
from cohortflow.programs.drafts import PURPOSE, Draft, id_of, key_of, program_text, usual_end
from cohortflow.programs.house_names import house_names
from cohortflow.programs.insertion import Line
from cohortflow.programs.parsing import check_config
from schemas.errors import CohortflowError, Fault
from schemas.phrases import Unclear
from schemas.settings import Settings
from schemas.words import ID, Address, Day, Id, Name, whole

Addresses = Annotated[tuple[Address, ...], BeforeValidator(lambda given: given.replace(",", " ").split())]
# A program across companies needs their rosters first, so it is written by hand.
Kind = Literal["one_on_one", "reverse", "group", "peer", "micro"]
QUESTIONS = (
    Question("--name", "What is the program called", Name),
    Question("--type", "Which kind: one_on_one, reverse, group, peer or micro", Kind, "one_on_one"),
    Question("--owner", "Which mailbox answers participants", Address),
    Question("--approver", "Who approves the matches (addresses, with blanks between)", Addresses),
    Question("--starts", "On which day does the first cohort start (YYYY-MM-DD)", Day),
    Question("--seats", "How many mentees can take part", Annotated[int, whole(1, 1_000_000)], "20"),
)


@dataclass(frozen=True)
class Told:
    """What the options say; empty means not said."""

    name: str = ""
    type: str = ""
    owner: str = ""
    approvers: str = ""
    starts: str = ""
    seats: str = ""
    ends: str = ""
    program_id: str = ""
    purpose: str = ""

    def answers(self) -> list[str]:
        """The answers to the six questions."""
        return [self.name, self.type, self.owner, self.approvers, self.starts, self.seats]


def write_program(told: Told) -> None:
    """Write a new program beside the others, and say what to do next.

    Raises:
        CohortflowError: an answer is wrong, the file is there already, or the program would not pass `check`.
    """
    settings = Settings()
    if told.name or told.program_id:
        _file(settings, told.program_id or id_of(told.name))
    draft = _draft(told, answers_to(QUESTIONS, told.answers()))
    file = _file(settings, draft.program_id)
    names = house_names(settings.programs, settings.templates)
    text = program_text(draft, names)
    faults = sound_text(settings, file, {**read_shared(settings.programs), file.name: text})
    _write_new(file, text)
    if not (settings.programs / FOLDER / "program.json").exists():
        write_schemas(settings.programs / FOLDER, names)
    say(f"{as_typed(file)} is written and passes `cohortflow check`.")
    say_of_cohort(draft.cohort.key, faults)
    say(f"Next: `cohortflow plan {draft.program_id}/{draft.cohort.key}` shows every date and mail.")


def _draft(told: Told, answers: list[Any]) -> Draft:
    name, kind, owner, approvers, starts, seats = answers
    ends = day_of("--ends", told.ends) if told.ends else usual_end(starts)
    return Draft(
        program_id=told.program_id or id_of(name),
        name=name,
        type=kind,
        purpose=_named("--purpose", told.purpose) if told.purpose else PURPOSE,
        owner=owner,
        approvers=approvers,
        cohort=Line(key_of(starts), starts.isoformat(), ends.isoformat(), seats),
    )


def day_of(option: str, text: str) -> date:
    """The date an option gives."""
    day: date = _checked(option, text, Day)
    return day


def id_told(option: str, text: str) -> str:
    """The plain name an option gives."""
    name: str = _checked(option, text, Id)
    return name


def _named(option: str, text: str) -> str:
    name: str = _checked(option, text, Name)
    return name


def _checked(option: str, text: str, kind: Any) -> Any:
    try:
        return read(kind, text)
    except Unclear as unclear:
        raise CohortflowError(f"{option}: {unclear.what} (got {text!r}); {unclear.mend}") from None


def _file(settings: Settings, program_id: str) -> Path:
    """Where the program will lie; nothing that is there is ever written over."""
    if not ID.fullmatch(program_id) or program_id == "company":
        raise CohortflowError(f"{program_id!r} cannot be the name of a file; say --id with a to z, 0 to 9, _ and -")
    file = settings.programs / f"{program_id}.yaml"
    if file.exists() or file.is_symlink():
        raise CohortflowError(f"{as_typed(file)} is there already and stays as it is; say --id for another name")
    return file


def sound_text(settings: Settings, file: Path, texts: dict[str, str]) -> list[Fault]:
    """What one should know of a program that is about to be written.

    Raises:
        CohortflowError: `check` would call it faulty.
    """
    behind = as_read_by(file.stem, read_texts(settings.templates))
    faults = check_config(texts, file.stem, as_typed(file.parent), behind)
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise CohortflowError("\n".join(["nothing is written, because check would say:", *map(str, errors)]))
    return faults


def say_of_cohort(key: str, faults: list[Fault]) -> None:
    """Show the warnings that speak of one cohort."""
    for fault in faults:
        if fault.severity == "warning" and key in f"{fault.path} {fault.message}":
            say(str(fault))


def _write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet; a reader sees all of it or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_text(text, encoding="utf-8")
    try:
        os.link(part, file)  # unlike a rename, refuses to write over a file that came in between
    except FileExistsError:
        raise CohortflowError(
            f"{as_typed(file)} is there already and stays as it is; say --id for another name"
        ) from None
    finally:
        part.unlink()
