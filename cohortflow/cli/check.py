"""`cohortflow check`: are the programs sound, and what should one know besides."""

import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from cohortflow.programs.documents import program_files, read_config
from cohortflow.programs.parsing import check_config
from schemas.errors import Fault, ProgramError


def check(files: Sequence[Path], program_dir: Path, template_dir: Path, as_json: bool) -> int:
    """Print every fault of the files, or of all programs when none is named; 1 when one of them is an error."""
    chosen = list(files) or program_files(program_dir)
    templates = template_names(template_dir)
    faults = sorted({fault for file in chosen for fault in file_faults(file, templates)})
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


def file_faults(file: Path, templates: Collection[str] | None) -> list[Fault]:
    """Every fault of one program's file; a file that cannot be read is a fault like any other."""
    shown = Path(_shown(file))
    try:
        texts = read_config(shown)
    except ProgramError as error:
        return list(error.faults)
    return check_config(texts, shown.stem, shown.parent.as_posix(), templates)


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
