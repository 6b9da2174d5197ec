"""The fixed words of mails in one language, from files: names of cohorts, of attachments, and sentences of our own."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from babel.dates import format_date, get_month_names

from cohortflow.mailroom.locales import locale_of, long_date
from cohortflow.programs.faults import nearest
from cohortflow.programs.trees import Mark, Node, fault_at, load_tree
from schemas.errors import Fault

# Every word there is, with what may be filled in. A group without names of its own (None) takes any.
SHAPE: dict[str, dict[str, tuple[str, ...]] | None] = {
    "program": {"name": (), "purpose": ()},
    "cohorts": None,
    "meeting": {"when": ("day", "time", "clock")},
    "invitation": {"file": (), "summary": ("program", "cohort")},
    "contact_card": {"file": ()},
    "certificate": {"file": (), "title": (), "opening": ("program", "cohort"), "closing": ("program", "cohort")},
    "lines": {"plan": ("day", "mail", "audience"), "new_pairs": ("count",)},
    "refusing": {
        **dict.fromkeys(("title", "button", "still", "unknown", "reminders", "alumni", "optional"), ()),
        "ask": ("what",),
        "done": ("what",),
    },
    "audiences": None,
    "sentences": None,
    "report": None,
}
PLURALS = ("zero", "one", "two", "few", "many", "other")
NUMBERS = frozenset({"count", "all", "levels", "hours", "one", "other", "low", "high", "rate"})
_OF_ONE_PROGRAM = ("program",)
_SHIPPED = Path(__file__).parents[2] / "templates"
_GAP = re.compile(r"\{([a-z_]+)\}")
_PLAIN_FILE = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_ISO_DAY = re.compile(r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])")
_KEY = re.compile(r"(\d{4})-([a-z]+)")
Layer = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Sentence:
    """A sentence our tasks write, as a pattern, and how it is said in another language."""

    written: re.Pattern[str]
    said: str


class Words:
    """The words of one language; what one layer lacks, the next lends.

    Args:
        layers: as `read_words` gives them, the nearest first.
    """

    def __init__(self, language: str, layers: Sequence[Layer]) -> None:
        self.language = language
        self._layers = [*layers, *_shipped(language)]
        merged: dict[str, str] = {}
        for layer in reversed(self._layers):
            merged |= layer.get("sentences", {})
        self.fixed = {_folded(text): said for text, said in merged.items() if not _GAP.search(text)}
        self.sentences = _most_particular_first(merged)

    def say(self, group: str, name: str, **given: str) -> str:
        """A word with its gaps filled; empty when no layer has it."""
        found = next((layer[group][name] for layer in self._layers if name in layer.get(group, {})), "")
        return _filled(found, given)

    def count(self, group: str, name: str, number: int) -> str:
        """A phrase about a number, in the form this language has for it."""
        form = str(locale_of(self.language).plural_form(number))
        found = self.say(group, f"{name}.{form}", count=str(number))
        return found or self.say(group, f"{name}.other", count=str(number))

    def cohort(self, key: str, otherwise: str) -> str:
        """How people say a cohort's key: `2027-spring` is Spring 2027, `2027-march` March 2027."""
        found = _KEY.fullmatch(key)
        if not found:
            return otherwise
        month = _months().get(found[2])
        if month:
            return format_date(date(int(found[1]), month, 1), "LLLL y", locale=locale_of(self.language))
        return self.say("cohorts", found[2], year=found[1]) or otherwise


class Phrasebook:
    """The sentences our tasks write, in the reader's language.

    Args:
        labels: how the choices of the forms read in this language, by the choice as it is stored.
    """

    def __init__(self, words: Words, labels: Mapping[str, str]) -> None:
        self._language = words.language
        self._fixed = {**words.fixed, **{_folded(choice): label for choice, label in labels.items()}}
        self._sentences = words.sentences
        self._said: dict[str, str] = {}

    def say(self, text: str) -> str:
        """The sentence in the reader's language; as it is written where no file has it."""
        if text not in self._said:
            self._said[text] = self._in_words(text)
        return self._said[text]

    def _in_words(self, text: str) -> str:
        known = self._fixed.get(_folded(text))
        if known is not None:
            return known
        if _ISO_DAY.fullmatch(text):
            return long_date(date.fromisoformat(text), self._language)
        for sentence in self._sentences:
            if found := sentence.written.fullmatch(text):
                return _filled(sentence.said, {gap: self._listed(value) for gap, value in found.groupdict().items()})
        return text

    def _listed(self, text: str) -> str:
        """What fills a gap: a list is said part by part, and a choice that holds a comma stays whole."""
        pieces, said = text.split(", "), []
        while pieces:
            most = next((n for n in range(len(pieces), 1, -1) if _folded(", ".join(pieces[:n])) in self._fixed), 1)
            said.append(self.say(", ".join(pieces[:most])))
            pieces = pieces[most:]
        return ", ".join(said)


def read_words(file: str, text: str) -> tuple[Layer, list[Fault]]:
    """The words of one file, and what is wrong with it."""
    tree, faults = load_tree(text, file)
    if tree is None or faults:
        return {}, faults
    layer: dict[str, dict[str, str]] = {}
    for group, node in tree.children():
        if group not in SHAPE:
            faults.append(_at_key(node, f"is no group of words (got {group!r}); {nearest(str(group), list(SHAPE))}"))
        elif not isinstance(node.value, dict):
            faults.append(_at_key(node, "should be a block of words; write them below it, each with its text"))
        else:
            entries = list(_entries(str(group), node))
            layer[str(group)] = {name: str(entry.value) for name, entry in entries if isinstance(entry.value, str)}
            faults += [fault for name, entry in entries for fault in _entry_faults(str(group), name, entry)]
    return layer, faults


def missing_words(layer: Layer) -> list[str]:
    """The words every language needs and a file of it lacks, such as `certificate.title`."""
    needed = [
        (group, name) for group, names in SHAPE.items() if names and group not in _OF_ONE_PROGRAM for name in names
    ]
    return [f"{group}.{name}" for group, name in needed if not {name, f"{name}.other"} & set(layer.get(group, {}))]


def _entries(group: str, node: Node) -> Iterator[tuple[str, Node]]:
    """The words of a group; a phrase with forms for several numbers gives one word for each form."""
    for name, child in node.children():
        if group == "lines" and isinstance(child.value, dict):
            yield from ((f"{name}.{form}", each) for form, each in child.children())
        else:
            yield str(name), child


def _entry_faults(group: str, name: str, node: Node) -> Iterator[Fault]:
    names = SHAPE[group]
    plain, _, form = name.partition(".") if names is not None else (name, "", "")
    if names is not None and plain not in names:
        yield _at_key(node, f"is no word of {group} (got {plain!r}); {nearest(plain, list(names))}")
    elif form and form not in PLURALS:
        yield _at_key(node, f"is no form for a number (got {form!r}); write {', '.join(PLURALS)}")
    elif not isinstance(node.value, str) or not node.value.strip():
        yield _at_key(node, "has no text; write it on the same line")
    else:
        yield from _text_faults(group, name, node, node.value, () if names is None else names[plain])


def _text_faults(group: str, name: str, node: Node, text: str, gaps: tuple[str, ...]) -> Iterator[Fault]:
    own = tuple(_GAP.findall(name))
    known = {"cohorts": ("year",), "sentences": own, "report": own}.get(group, gaps)
    for gap in sorted(set(re.findall(r"\{([^{}]*)\}", text)) - set(known)):
        cure = nearest(gap, list(known)) if known else "nothing is filled in here; write plain words"
        yield fault_at(node.mark, node.path, f"asks for {{{gap}}}, which is not known here; {cure}")
    if name == "file" and not _PLAIN_FILE.fullmatch(text):
        yield fault_at(node.mark, node.path, "is no plain file name; use a to z, 0 to 9 and -, as in invitation")
    if group == "sentences" and not _GAP.sub("", name):
        yield _at_key(node, "holds nothing but gaps; write the words around them")
    if group == "sentences" and len(set(_GAP.findall(name))) < len(_GAP.findall(name)):
        yield _at_key(node, "has the same gap twice; give each its own name")


def _at_key(node: Node, message: str) -> Fault:
    mark: Mark = node.key_mark or node.mark
    return fault_at(mark, node.path, message)


def _most_particular_first(sentences: Mapping[str, str]) -> list[Sentence]:
    """The sentences with gaps; those with more words of their own are tried first."""
    with_gaps = [text for text in sentences if _GAP.search(text)]
    ordered = sorted(with_gaps, key=lambda text: (-len(_GAP.sub("", text)), text))
    return [Sentence(_pattern(text), sentences[text]) for text in ordered]


def _pattern(text: str) -> re.Pattern[str]:
    parts, at = [], 0
    for gap in _GAP.finditer(text):
        held = r"-?\d[\d.,]*" if gap[1] in NUMBERS else ".+?"
        parts += [re.escape(text[at : gap.start()]), f"(?P<{gap[1]}>{held})"]
        at = gap.end()
    return re.compile("".join([*parts, re.escape(text[at:])]))


def _filled(text: str, given: Mapping[str, str]) -> str:
    # Not str.format: a file of words may name a gap and nothing else, no attribute of it.
    return _GAP.sub(lambda gap: given.get(gap[1], gap[0]), text)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


@lru_cache
def _months() -> dict[str, int]:
    return {name.casefold(): number for number, name in get_month_names("wide", locale="en").items()}


@lru_cache(maxsize=32)
def _shipped(language: str) -> tuple[Layer, ...]:
    """The words that came with the project, for texts accepted before there were files of words."""
    files = [_SHIPPED / f"words.{each}.yaml" for each in dict.fromkeys((language, language.split("-")[0], "en"))]
    return tuple(read_words(file.name, file.read_text(encoding="utf-8"))[0] for file in files if file.is_file())


@lru_cache(maxsize=32)
def shipped_words(language: str) -> Words:
    """The words of a language as they came with the project."""
    return Words(language, ())
