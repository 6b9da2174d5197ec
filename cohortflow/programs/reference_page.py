"""docs/configuration.md: every key explained, from the models, the standard lifecycle and the reference."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cohortflow.programs.house_names import HouseNames
from cohortflow.programs.json_schema import form_values, program_values
from cohortflow.programs.json_values import Value
from cohortflow.programs.later import NOTES
from cohortflow.programs.merging import STANDARD_FILE, WHOLE, standard
from cohortflow.programs.reference import Entry, Keys, Section, sections
from cohortflow.programs.reference_faults import told_faults

PHRASES_FILE = Path(__file__).with_name("reference_phrases.md")
LIFECYCLE = "[the standard](#the-standard-lifecycle)"
LONGEST_DEFAULT = 60
_INTRO = """\
# Configuration: every key

`cohortflow schema --docs --out docs/configuration.md` writes this page; what is changed here by hand is lost.

Three kinds of files stand in `program_configs/`: one file per program, `company.yaml` with what all programs share, and
the forms in `forms/`. A program needs few keys: what it leaves out comes from `company.yaml`, and what that leaves out
from [the standard lifecycle](#the-standard-lifecycle). Four commands help:

- `cohortflow new` writes a first program, `cohortflow new cohort PROGRAM --starts DATE` a further cohort;
- `cohortflow check` says what is wrong, where, and how to mend it;
- `cohortflow plan PROGRAM/COHORT` shows every date and mail;
- `cohortflow plan PROGRAM --defaults` prints a program with everything that it leaves out.

An editor that knows YAML (Visual Studio Code with its YAML extension, for one) completes and explains the keys as you
write, by the first line of each file. When columns, mails or forms were added, `cohortflow schema --write` tells it.

In the tables, *left out* is what holds when a key is not written: a value, or `-` for nothing. A dot leads into a
block: `stages.recruit.opens` is `opens:` below `recruit:` below `stages:`. A `*` is a name of your own.
"""
_CHECK = """\
## What check says

`cohortflow check` prints a line for every fault: the file, the line, the column, the key, what is wrong (with what it
got), and how to mend it. Errors keep a program from running; warnings and notes do not. Whatever is wrong, the cohorts
that run keep to what was accepted last, and the owner is told once.
"""
_STANDARD = """\
## The standard lifecycle

What holds where neither the program nor `company.yaml` says anything.

```yaml
{}
```
"""


def reference_page() -> str:
    """The whole page."""
    values = {"program": dict(_flat(program_values(HouseNames()))), "form": dict(_flat(form_values()))}
    parts = [_INTRO, _contents(), *(_section(section, values[section.of]) for section in sections())]
    parts += [PHRASES_FILE.read_text(encoding="utf-8"), _faults(), _lifecycle()]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _flat(values: dict[str, Value] | Any, path: Keys = ()) -> Iterator[tuple[Keys, Value]]:
    for key, value in values.items():
        yield (*path, key), value
        yield from _flat(value.below, (*path, key))


def _contents() -> str:
    last = ("How things are written", "What check says", "The standard lifecycle")
    titles = (*(section.title for section in sections()), *last)
    return "\n".join(f"- [{title}](#{anchor(title)})" for title in titles)


def anchor(title: str) -> str:
    """The anchor that Markdown gives a heading."""
    kept = "".join(sign for sign in title.lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")


def _section(section: Section, values: dict[Keys, Value]) -> str:
    rows = [_row(section.of, path, entry, _value_at(path, values)) for path, entry in section.entries.items()]
    head = ["| key | meaning | what may stand | left out | example |", "|---|---|---|---|---|"]
    return "\n".join([f"## {section.title}", "", section.says, "", *head, *rows])


def _value_at(path: Keys, values: dict[Keys, Value]) -> Value:
    """The value of a key; what several places have in common is shown by the first of them."""
    if path in values:
        return values[path]
    if path[:2] == ("stages", "*"):
        value = values[("stages", "recruit", *path[2:])]
        return replace(value, words=value.words.replace("templates/recruit", "templates/STAGE"))
    return values[(*path[:-1], "department")]


def _row(kind: str, path: Keys, entry: Entry, value: Value) -> str:
    means = entry.means
    if later := _later(path):
        means += f" (So far: {later}.)"
    if entry.see:
        means += f" See {', '.join(f'[`{each}`](#{_home(each)})' for each in entry.see)}."
    cells = [f"`{'.'.join(path)}`", means, value.words, _left_out(kind, path, value), f"`{written(entry.example)}`"]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _home(key: str) -> str:
    """The section in which a key is explained."""
    return next(anchor(each.title) for each in sections() if tuple(key.split(".")) in each.entries)


def _later(path: Keys) -> str:
    """What this version does not do yet about a key."""
    return next((sentence for place, sentence in NOTES if tuple(map(str, place)) == path), "")


def _left_out(kind: str, path: Keys, value: Value) -> str:
    found = standard().get(*path) if kind == "program" else None
    if path[:1] == ("stages",) and path[-1] == "emails":
        return LIFECYCLE
    if found is not None and path[:-1] not in WHOLE:
        text = written(found.plain())
        return (f"`{text}`" if len(text) <= LONGEST_DEFAULT else LIFECYCLE) if text not in ("[]", "{}") else "-"
    if value.is_needed:
        return "needed"
    return "-" if value.default in (None, (), {}) else f"`{_spoken(value.default)}`"


def _spoken(default: Any) -> str:
    return {True: "yes", False: "no"}[default] if isinstance(default, bool) else str(default)


def written(value: Any) -> str:
    """A value as one line of YAML."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key}: {written(each)}' for key, each in value.items())} }}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    # Signs that YAML takes for its own at the beginning, and the hours, which one reader takes for a number.
    return f'"{value}"' if value[:1] in "#{[&*!%@" or value[2:3] == ":" else str(value)


def _faults() -> str:
    told = [f"- `{wrong}`\n\n  `{fault}`\n" for wrong, fault in told_faults()]
    return "\n".join([_CHECK, "Some mistakes, and what it says of them:", "", *told])


def _lifecycle() -> str:
    lines = STANDARD_FILE.read_text(encoding="utf-8").splitlines()
    return _STANDARD.format("\n".join(line for line in lines if not line.startswith("#")))
