"""The texts of the mails as files: which names exist, whose they are, what stands between the dashes at their top."""

import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cohortflow.programs.documents import NO_PROGRAM
from schemas.errors import Fault, ProgramError

MOST_BYTES = 32 * 1024
CLASSES = ("service", "reminder", "optional")
WRITTEN = ("subject", "title", "preview")  # the headers that are shown to the reader
ON_UNKNOWN = ("hold", "resend")  # what becomes of a mail of which nobody can say whether it arrived
KEYS = (*WRITTEN, "class", "on_unknown")
FOLDERS = NO_PROGRAM
_FOLDER, _LANGUAGE = "|".join(FOLDERS), r"(?P<language>[a-z]{2,3}(-[A-Za-z0-9]{2,8})?)"
_OF_PROGRAM = rf"((?P<program>(?!({_FOLDER})/)[a-z0-9_-]{{1,64}})/)?"
NAME = re.compile(rf"{_OF_PROGRAM}(?P<stage>{_FOLDER})/(?P<send>[a-z0-9_-]{{1,64}})\.{_LANGUAGE}\.md")
FOOTER = re.compile(rf"{_OF_PROGRAM}footer\.{_LANGUAGE}\.md")
WORDS = re.compile(rf"{_OF_PROGRAM}words\.{_LANGUAGE}\.yaml")
LAYOUTS = ("layout.html", "layout.txt")


@dataclass(frozen=True)
class Source:
    """One message's file: its headers with the line each stands on, and the Markdown from line `body_line` on."""

    headers: Mapping[str, str]
    lines: Mapping[str, int]
    body: str
    body_line: int

    @property
    def mail_class(self) -> str:
        """Service, reminder or optional: what a reader may opt out of."""
        return self.headers.get("class", "")

    @property
    def on_unknown(self) -> str:
        """Hold (wait for a person) or resend, when nobody can say whether the mail arrived."""
        return self.headers.get("on_unknown", ON_UNKNOWN[0])


def read_texts(folder: Path) -> dict[str, str]:
    """All texts under `templates/`, by name relative to it. Names are plain and links are not followed.

    Raises:
        ProgramError: a file that is too large, is a link or is not UTF-8.
    """
    texts, unread = read_what_can_be(folder)
    if unread:
        raise ProgramError(list(unread.values()))
    return texts


def read_what_can_be(folder: Path) -> tuple[dict[str, str], dict[str, Fault]]:
    """The texts under `templates/` that can be read, and what is wrong with each of the others."""
    texts: dict[str, str] = {}
    faults: dict[str, Fault] = {}
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            texts[name] = _read(folder, path)
        except (OSError, ValueError) as problem:
            faults[name] = Fault(f"{folder.name}/{name}", 1, 1, "file", str(problem))
    return texts, faults


def _files(folder: Path) -> Iterator[Path]:
    known = (path for path in folder.rglob("*") if path.suffix in (".md", ".html", ".txt", ".yaml"))
    for path in sorted(known):
        if is_text(path.relative_to(folder).as_posix()):
            yield path


def is_text(name: str) -> bool:
    """Whether a file of that name, relative to `templates/`, is one of the texts."""
    return name in LAYOUTS or any(kind.fullmatch(name) for kind in (NAME, FOOTER, WORDS))


def as_read_by(program: str, names: Iterable[str]) -> dict[str, str]:
    """The file behind each text as one program reads it: its own wording, else the one all share."""
    own, shared = {}, {}
    for name in names:
        found = next((found for kind in (NAME, FOOTER, WORDS) if (found := kind.fullmatch(name))), None)
        if found is None or found["program"] is None:
            shared[name] = name
        elif found["program"] == program:
            own[name.removeprefix(f"{program}/")] = name
    return shared | own


def _read(folder: Path, path: Path) -> str:
    inner = [step for step in path.parents if folder in step.parents]
    if not stat.S_ISREG(path.lstat().st_mode) or any(step.is_symlink() for step in inner):
        raise ValueError("is a link, not a file; put the text itself here")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"is larger than {MOST_BYTES // 1024} KB; a mail should take a minute to read")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text; save it as UTF-8") from None


def split_source(text: str) -> Source:
    """Headers and body of a message. What is wrong in the headers is told by `header_faults`."""
    lines = text.replace("\r\n", "\n").split("\n")
    end = lines.index("---", 1) if lines[0] == "---" and "---" in lines[1:] else -1
    headers: dict[str, str] = {}
    places: dict[str, int] = {}
    for number, line in enumerate(lines[1:end] if end > 0 else [], start=2):
        key, colon, value = line.partition(":")
        if colon and key.strip() not in headers:
            headers[key.strip()], places[key.strip()] = _unquoted(value.strip()), number
    return Source(headers, places, "\n".join(lines[end + 1 :]), end + 2)


def _unquoted(value: str) -> str:
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def header_faults(file: str, source: Source) -> list[Fault]:
    """What is missing or unknown between the dashes at the top of a message."""
    faults = []
    if not source.headers:
        example = "---, subject: ..., class: service, ---"
        return [Fault(file, 1, 1, "subject", f"no subject and class at the top; begin the file with {example}")]
    if not source.headers.get("subject"):
        faults.append(Fault(file, 1, 1, "subject", "the subject is missing; add a line `subject: ...` at the top"))
    if source.mail_class not in CLASSES:
        line, got = source.lines.get("class", 1), source.mail_class or "nothing"
        faults.append(Fault(file, line, 1, "class", f"must be one of {', '.join(CLASSES)} (got {got})"))
    if source.on_unknown not in ON_UNKNOWN:
        line = source.lines["on_unknown"]
        faults.append(Fault(file, line, 1, "on_unknown", f"must be hold or resend (got {source.on_unknown})"))
    for key in source.headers.keys() - set(KEYS):
        message = f"is not known here; the lines at the top are {', '.join(KEYS)}"
        faults.append(Fault(file, source.lines[key], 1, key, message))
    if not source.body.strip():
        faults.append(Fault(file, source.body_line, 1, "body", "the message has no text"))
    return faults


def agenda_faults(file: str, text: str) -> list[Fault]:
    """An agenda is a list of plain lines, each beginning with a dash."""
    faults = []
    for number, line in enumerate(text.splitlines(), start=1):
        if "{{" in line or "{%" in line:
            faults.append(Fault(file, number, 1, "agenda", "an agenda has no fields; write plain words"))
        elif line.strip() and not line.startswith("- "):
            faults.append(Fault(file, number, 1, "agenda", "write each point on one line that begins with `- `"))
    if not text.strip():
        faults.append(Fault(file, 1, 1, "agenda", "the agenda is empty; write one point a line, beginning with `- `"))
    return faults
