"""The only reader of the configuration's files: a program with its company, its forms and the files it names."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cohortflow.programs.merging import document
from cohortflow.programs.trees import MOST_BYTES, Node
from schemas.errors import Fault, ProgramError
from schemas.phrases import STAGES
from schemas.words import ID

MOST_TABLE_BYTES = 20 * 1024 * 1024
COMPANY = "company.yaml"
# Folders of templates/ that hold the texts all programs share; a program's own texts lie in a folder of its name.
NO_PROGRAM = (*STAGES, "program", "agendas")
_NAMES_A_FILE = ("in_file", "score_from")


def read_config(program_file: Path, shared: dict[str, str] | None = None) -> dict[str, str]:
    """The texts a program is made of, by name relative to its folder; a named file that is absent is left out.

    Args:
        shared: for who reads many programs of one folder at one moment: what they share is kept here, and read once.

    Raises:
        ProgramError: a file cannot be read, is no text, is too large, or leads out of the folder.
    """
    if problem := _no_program(program_file):
        raise ProgramError([Fault(program_file.as_posix(), 1, 1, "file", problem)])
    return _read(program_file.parent, [program_file.name], {} if shared is None else shared)


def read_shared(folder: Path) -> dict[str, str]:
    """The texts that a new program of this folder would share with the others.

    Raises:
        ProgramError: as for `read_config`.
    """
    return _read(folder, [], {})


def _read(folder: Path, programs: list[str], shared: dict[str, str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    faults: list[Fault] = []
    for name in programs:
        _take(folder, name, texts, faults, MOST_BYTES)
    if not shared:
        for name in [*_present(folder, COMPANY), *_forms(folder)]:
            _take(folder, name, shared, faults, MOST_BYTES)
    texts |= shared
    for name in sorted(set(_named_files(texts, folder.as_posix()))):
        if (folder / name).exists() or (folder / name).is_symlink():
            _take(folder, name, texts, faults, MOST_TABLE_BYTES)
    if faults:
        shared.clear()  # told of each program that stands on it
        raise ProgramError(faults)
    return texts


def _no_program(path: Path) -> str | None:
    """Why a path cannot be the file of a program, judged by its name."""
    if path.is_dir():
        return "is a folder; name a file in it, for example emerging-leaders.yaml"
    if path.name == COMPANY:
        return "is what all programs share; check a program, and it is checked too"
    if path.suffix == ".yaml" and path.parent.name == "forms" and path.is_file():
        return "is a form; check a program, and the forms it asks are checked too"
    if path.suffix == ".md" and path.is_file():
        return "is the text of a mail; check a program, and all texts are checked too"
    if path.stem in NO_PROGRAM:
        return f"cannot be a program (got {path.name!r}): templates/{path.stem}/ holds texts of all; choose another"
    if ID.fullmatch(path.stem) and path.suffix.lower() in (".yml", ".yaml") and path.suffix != ".yaml":
        return f"cannot be a program: its name ends in {path.suffix}; rename it to {path.stem}.yaml"
    if not ID.fullmatch(path.stem) or path.suffix != ".yaml":
        return (
            f"cannot be a program (got {path.name!r}); name it with a to z, 0 to 9, _ and -, as emerging-leaders.yaml"
        )
    return None


def program_files(folder: Path) -> list[Path]:
    """Every program of a folder, in the order of their names."""
    return sorted(path for path in folder.glob("*.yaml") if path.name != COMPANY)


def _present(folder: Path, name: str) -> list[str]:
    return [name] if (folder / name).exists() or (folder / name).is_symlink() else []


def _forms(folder: Path) -> list[str]:
    return sorted(f"forms/{path.name}" for path in (folder / "forms").glob("*.yaml"))


def _named_files(texts: dict[str, str], folder: str) -> Iterator[str]:
    """The files that the program or its company names, as far as their names stay inside the folder."""
    for name, text in list(texts.items()):
        if name.startswith("forms/") or not any(key in text for key in _NAMES_A_FILE):
            continue
        tree, _ = document(texts, name, folder)
        for node in tree.walk() if tree else ():
            if node.path and node.path[-1] in _NAMES_A_FILE and _inside(node):
                yield str(node.value).strip()


def _inside(node: Node) -> bool:
    text = node.value.strip() if isinstance(node.value, str) else ""
    path = PurePosixPath(text)
    return bool(text) and not path.is_absolute() and ".." not in path.parts and not set(text) & set("\\:\0\n")


def _take(folder: Path, name: str, texts: dict[str, str], faults: list[Fault], most_bytes: int) -> None:
    """Read one file into `texts`, or say in `faults` why not."""
    problem = _text_of(folder, name, most_bytes, texts)
    if problem:
        line, column, message = problem
        faults.append(Fault((folder / name).as_posix(), line, column, "file", message))


def _text_of(folder: Path, name: str, most_bytes: int, texts: dict[str, str]) -> tuple[int, int, str] | None:
    path = folder / name
    if any(step.is_symlink() for step in (path, *path.parents) if step != folder and folder in step.parents):
        return 1, 1, "is a link to another place; put the file itself here"
    try:
        # O_NOFOLLOW closes the gap between looking and opening; O_NONBLOCK keeps a named pipe from blocking us.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        return 1, 1, _why_unreadable(error)
    with open(handle, "rb") as opened:  # noqa: PTH123 - a descriptor, not a path
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return 1, 1, "is not a file; name a file, for example program_configs/emerging-leaders.yaml"
        content = opened.read(most_bytes + 1)
    if len(content) > most_bytes:
        return 1, 1, f"is larger than {most_bytes // 1024} KB; split it, or remove what does not belong here"
    return _decoded(content, name, texts)


def _decoded(content: bytes, name: str, texts: dict[str, str]) -> tuple[int, int, str] | None:
    try:
        texts[name] = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        return line, column, "is not UTF-8 text from here on; save the file as UTF-8"
    return None


def _why_unreadable(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist; look at the name, or list the programs with `cohortflow check`"
    if isinstance(error, IsADirectoryError):
        return "is a folder; name a file in it"
    if isinstance(error, PermissionError):
        return "may not be read by this user; give it the right to read it"
    return f"cannot be read ({(error.strerror or 'unknown reason').lower()}); look at the file and the disk"
