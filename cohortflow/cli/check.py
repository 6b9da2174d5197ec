"""`cohortflow check`: are the programs sound, and what should one know besides."""

import json
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from cohortflow.mailroom.text_gaps import stray_faults, text_gaps
from cohortflow.mailroom.text_lints import mail_faults, text_faults
from cohortflow.mailroom.texts import as_read_by, read_what_can_be
from cohortflow.programs.documents import program_files, read_config
from cohortflow.programs.lints.capacity import seat_faults
from cohortflow.programs.lints.views import Run
from cohortflow.programs.parsing import examine
from schemas.errors import Fault, ProgramError


def check(files: Sequence[Path], program_dir: Path, template_dir: Path, as_json: bool, home: Path | None = None) -> int:
    """Print every fault of the files, or of all programs when none is named; 1 when one of them is an error.

    With `home`, where the roster's folder lies, seats are held against the people of the newest roster, if there is
    one.
    """
    chosen = [_file_of(named, program_dir) for named in files] or program_files(program_dir)
    faults = all_faults(chosen, template_dir, home, {path.stem for path in program_files(program_dir)})
    if not files:
        faults += _unread_programs(program_dir)
    if not chosen:
        message = "holds no program; write one, for example emerging-leaders.yaml, or name its folder"
        faults = [Fault(_shown(program_dir), 1, 1, "file", message)]
    errors = [fault for fault in faults if fault.severity == "error"]
    if as_json:
        print(json.dumps([fault.as_dict() for fault in faults], indent=2, ensure_ascii=True))
    else:
        for fault in faults:
            print(_printable(str(fault)))
        print(_printable(_summary(chosen, errors, len(faults) - len(errors))))
    return 1 if errors else 0


def _file_of(named: Path, program_dir: Path) -> Path:
    """The file that is meant: other commands call a program by its id alone."""
    known = program_dir / f"{named}.yaml"
    return known if not named.suffix and not named.exists() and known.is_file() else named


def _unread_programs(folder: Path) -> Iterator[Fault]:
    """Files that were meant to be programs, and are not read for the end of their names."""
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if found := re.fullmatch(r"(.+?)\.(yml|yaml\.txt|yml\.txt|yaml\.yaml)", path.name, re.IGNORECASE):
            message = f"is read by nobody, for the end of its name; rename it to {found[1]}.yaml"
            yield Fault(_shown(path), 1, 1, "file", message, "warning")


def _namesakes(runs: Sequence[Run]) -> Iterator[Fault]:
    """Two programs of one name: one of them may be a copy, and would invite everybody once more."""
    named: dict[str, Run] = {}
    for run in runs:
        first = named.setdefault(run.cohort.program.name.casefold(), run)
        if first.cohort.program_id != run.cohort.program_id:
            message = (
                f"is the name of {first.cohort.program_id}.yaml as well, so that whoever may join is invited by both; "
                "give it another, or move the copy away"
            )
            yield run.page.tell(("name",), message)


def _read_otherwise(runs: Sequence[Run]) -> Iterator[Fault]:
    """Programs that would have one folder of rosters read in another way than the first of them, which decides."""
    named: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.cohort.program_id):
        people = run.cohort.program.people
        first = named.setdefault(people.source, run)
        for key in ("columns", "levels", "status", "sensitive"):
            if getattr(people, key) != getattr(first.cohort.program.people, key):
                message = (
                    f"is not what {first.cohort.program_id}.yaml says, and both live by {people.source}, which is read "
                    "in one way; write it in company.yaml, or name another folder under people.from"
                )
                yield run.page.tell(("people", key), message, "error")


def all_faults(
    files: Sequence[Path], template_dir: Path, home: Path | None = None, others: Collection[str] = ()
) -> list[Fault]:
    """Every fault of some programs, of the texts of their mails, and of what they are together.

    Args:
        others: the ids of further programs, which may have wording of their own too.
    """
    templates, faults = _templates(template_dir)
    beside = {path.stem for file in files for path in program_files(file.parent)}
    faults += stray_faults(template_dir, beside.union(others))
    runs: list[Run] = []
    shared: dict[Path, dict[str, str]] = {}
    for file in files:
        found, its_runs = file_faults(file, templates, shared.setdefault(file.parent, {}))
        faults += found
        runs += its_runs
    faults += [*_namesakes(runs), *_read_otherwise(runs)]
    if home is not None:
        faults += seat_faults(runs, home)
    return sorted(set(faults))


def file_faults(
    file: Path, templates: Mapping[str, str], shared: dict[str, str] | None = None
) -> tuple[list[Fault], list[Run]]:
    """Every fault of one program's file, and its cohorts; a file that cannot be read is a fault like any other.

    `shared` keeps what the programs of its folder share, as for `read_config`.
    """
    shown = Path(_shown(file))
    try:
        texts = read_config(shown, shared)
    except ProgramError as error:
        return list(error.faults), []
    behind = as_read_by(shown.stem, templates)
    faults, runs = examine(texts, shown.stem, shown.parent.as_posix(), behind)
    faults += text_gaps(runs[0].cohort, templates) if runs else []
    return [*faults, *(fault for run in runs for fault in mail_faults(run, templates, behind))], runs


def _templates(folder: Path) -> tuple[dict[str, str], list[Fault]]:
    """The texts of the mails, and what is wrong with them.

    In the place of a text that cannot be read stands another language's, so that nothing else is said of it.
    """
    texts, unread = read_what_can_be(folder)
    if unread:
        texts |= {name: _stand_in(name, texts) for name in unread}
    from cohortflow.mailroom.rendering import Stationery  # late: whoever only wants the names needs no templates

    return texts, [*unread.values(), *Stationery(texts).faults(), *text_faults(texts)]


def _stand_in(name: str, texts: Mapping[str, str]) -> str:
    message, _, rest = name.partition(".")
    suffix = rest.rpartition(".")[2]
    alike = (text for other, text in texts.items() if other.startswith(f"{message}.") and other.endswith(suffix))
    return next(alike, "")


def template_names(folder: Path) -> frozenset[str]:
    """The texts of mails there are, such as `recruit/invite.en.md`."""
    return frozenset(path.relative_to(folder).as_posix() for path in folder.glob("*/*.md"))


def _shown(path: Path) -> str:
    """The path as the coordinator would type it from here."""
    try:
        return (
            path.resolve(strict=False).relative_to(Path.cwd().resolve()).as_posix()
            if path.is_absolute()
            else path.as_posix()
        )
    except ValueError:
        return path.as_posix()


def _printable(text: str) -> str:
    """The text as this terminal can show it; nothing written in a file may steer the terminal."""
    shown = "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)
    encoding = sys.stdout.encoding or "ascii"
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def _summary(files: Sequence[Path], errors: Sequence[Fault], others: int) -> str:
    named = ", ".join(file.name for file in files)
    if errors:
        told = f"{len(errors)} {'fault' if len(errors) == 1 else 'faults'}"
        again = _shown(files[0]) if len(files) == 1 else ""
        return f"{told}. Mend the file, then run `cohortflow check{' ' + again if again else ''}`."
    besides = f", {others} to know" if others else ""
    return f"{named}: no faults{besides}."
