"""What the texts do not yet say in every language, and files among them that nobody reads."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from cohortflow.mailroom.texts import FOLDERS, FOOTER, NAME, WORDS, as_read_by, is_text
from cohortflow.mailroom.words import missing_words, read_words
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.faults import nearest
from schemas.errors import Fault

_SUFFIXES = (".md", ".yaml", ".html", ".txt")


def text_gaps(cohort: Cohort, texts: Mapping[str, str]) -> list[Fault]:
    """Where readers of a declared language would find words of another, beyond messages that are missing as a whole."""
    languages, files = cohort.program.email.languages, as_read_by(cohort.program_id, texts)
    return [
        *_shared_gaps(files, texts, languages),
        *_own_gaps(cohort.program_id, texts, languages),
        *_unsaid_purpose(cohort, files, texts),
    ]


def stray_faults(folder: Path, programs: Collection[str]) -> list[Fault]:
    """Files under `templates/` that no mail is made of: a folder or a name with a slip in it."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in _SUFFIXES)
    return [fault for name in names for fault in _stray(name, programs)]


def _stray(name: str, programs: Collection[str]) -> Iterator[Fault]:
    parts = name.split("/")
    found = next((match for kind in (NAME, FOOTER, WORDS) if (match := kind.fullmatch(name))), None)
    if found and found["program"] and found["program"] not in programs:
        cure = nearest(found["program"], [*programs])
        yield _warning(name, "file", f"is read by nobody, for there is no program {found['program']!r}; {cure}")
    elif not is_text(name) and len(parts) in (2, 3) and _is_meant_as_text(parts, programs):
        known = [*FOLDERS, *programs] if len(parts) == 2 else list(FOLDERS)
        cure = "name it <message>.<language>.md" if parts[-2] in known else nearest(parts[-2], known)
        yield _warning(name, "file", f"is read by nobody, for its folder or its name is unknown; {cure}")


def _is_meant_as_text(parts: Sequence[str], programs: Collection[str]) -> bool:
    """Whether a file was meant to be read: it names a language, or lies among the mails of a stage."""
    among_mails = parts[-2] in FOLDERS and (len(parts) == 2 or parts[0] in programs) and parts[-1].endswith(".md")
    return parts[-1].count(".") >= 2 or (among_mails and parts[-1].lower() != "readme.md")


def _warning(name: str, path: str, message: str) -> Fault:
    return Fault(f"templates/{name}", 1, 1, path, message, "warning")


def _shared_gaps(files: Mapping[str, str], texts: Mapping[str, str], languages: Sequence[str]) -> Iterator[Fault]:
    for language in languages:
        for name, what in ((f"footer.{language}.md", "the foot of every mail"), (f"words.{language}.yaml", "names")):
            if name not in files:
                message = f"is missing, so {what} would be in English; write it like {name.replace(language, 'en', 1)}"
                yield _warning(name, "file", message)
        shared = f"words.{language}.yaml"
        lacking = _lacking(shared, texts[shared]) if shared in texts else ()
        if lacking:
            message = f"lacks {', '.join(lacking[:3])}, which would be in English; write them as in words.en.yaml"
            yield _warning(shared, lacking[0], message)


@lru_cache(maxsize=64)
def _lacking(file: str, text: str) -> tuple[str, ...]:
    """The words a file lacks; all programs read the same few files."""
    return tuple(missing_words(read_words(file, text)[0]))


def _own_gaps(program: str, texts: Mapping[str, str], languages: Sequence[str]) -> Iterator[Fault]:
    """Wording of a program's own in one language only: other readers get what all programs share."""
    own: dict[str, dict[str, str]] = {}
    for name in sorted(texts):
        found = NAME.fullmatch(name)
        if found and found["program"] == program:
            own.setdefault(f"{found['stage']}/{found['send']}", {})[found["language"]] = name
    for message, written in own.items():
        for language in languages:
            if language not in written:
                told = f"has no wording in {language} beside it, so those readers get the text all programs share"
                cure = f"write templates/{program}/{message}.{language}.md"
                yield _warning(min(written.values()), "file", f"{told}; {cure}")


def _unsaid_purpose(cohort: Cohort, files: Mapping[str, str], texts: Mapping[str, str]) -> Iterator[Fault]:
    """The purpose stands in mails; the file of the program has it in one language."""
    for language in cohort.program.email.languages[1:]:
        name = f"{cohort.program_id}/words.{language}.yaml"
        words = read_words(name, texts[name])[0] if name in texts else {}
        if cohort.program.purpose and "purpose" not in words.get("program", {}):
            message = f"the purpose is not in {language} yet, and mails quote it; write program: {{ purpose: ... }}"
            yield _warning(name, "program.purpose", message)
