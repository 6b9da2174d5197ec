"""From a template and a context to a mail: subject, plain text and HTML, in which values are only ever values."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from traceback import walk_tb
from typing import Any, NamedTuple

from jinja2 import TemplateError
from jinja2.environment import Template

from cohortflow.mailroom import texts as sources
from cohortflow.mailroom.contexts import FIELDS
from cohortflow.mailroom.sandbox import compiled, mail_environment, with_values
from cohortflow.mailroom.skeletons import Drafts, Skeleton, build_skeleton, fill_html, fill_plain
from cohortflow.mailroom.template_check import template_faults
from cohortflow.mailroom.wording import plain_line, shortened
from cohortflow.mailroom.words import Words, missing_words, read_words
from schemas.errors import DeliveryError, Fault, ProgramError

LARGEST_PART = 100_000
LONGEST_SUBJECT = 180
MOST_PIECES = 4_000  # pieces of text one template may give; a long mail gives a hundred
SKELETONS_KEPT = 1_000
_NEEDED = (*sources.LAYOUTS, "footer.en.md", "words.en.yaml")
_FOOTER_FIELDS = {**FIELDS, "mail_class": None, "unsubscribe": None}
_LAYOUT_FIELDS = dict.fromkeys(
    ("language", "direction", "subject", "title", "preview", "body", "footer", "program", "cohort")
)


@dataclass(frozen=True)
class Parts:
    """A rendered mail. `language` is the one its text is written in, which may not be the one asked for."""

    subject: str
    text: str
    html: str
    mail_class: str
    language: str


class _Message(NamedTuple):
    """One compiled message: its whole file, headers included, and the footer of its language."""

    file: str
    language: str
    mail_class: str
    letter: Template
    footer: Template


class Stationery:
    """All texts of the mails, compiled when first used.

    Args:
        texts: by name as under `templates/`.
        program: whose own wording comes before the one all programs share.
    """

    def __init__(self, texts: Mapping[str, str], program: str = "") -> None:
        self.texts = dict(texts)
        self._files = sources.as_read_by(program, self.texts)
        self._programs: dict[str, Stationery] = {program: self}
        self._words: dict[str, Words] = {}
        self._environment = mail_environment()
        self._messages: dict[tuple[str, str], _Message] = {}
        self._footers: dict[str, Template] = {}
        self._skeletons: OrderedDict[tuple[str, str, str], Skeleton] = OrderedDict()
        self._faults: dict[str, list[Fault]] = {}
        self._sources: dict[tuple[str, str], sources.Source] = {}
        self._names: dict[tuple[str, str], dict[str, str]] = {}
        for name in sorted(self._files):
            if found := sources.NAME.fullmatch(name):
                self._names.setdefault((found["stage"], found["send"]), {})[found["language"]] = self._files[name]

    def of(self, program: str) -> "Stationery":
        """The texts as one program reads them; these themselves when it has no wording of its own."""
        if program not in self._programs:
            has_own = any(name.startswith(f"{program}/") for name in self.texts)
            self._programs[program] = self._shared_with(program) if has_own else self
        return self._programs[program]

    def _shared_with(self, program: str) -> "Stationery":
        """Another program's view of the same texts; what is compiled once serves both."""
        view = Stationery(self.texts, program)
        view._environment, view._faults = self._environment, self._faults
        view._messages, view._footers, view._skeletons = self._messages, self._footers, self._skeletons
        return view

    def words(self, language: str) -> Words:
        """The fixed words in this language; those it lacks are lent by English."""
        if language not in self._words:
            names = [f"words.{each}.yaml" for each in dict.fromkeys((language, language.split("-")[0], "en"))]
            # A program's own words lie over those all programs share, word by word.
            files = dict.fromkeys(file for name in names for file in (self._files.get(name, name), name))
            layers = [read_words(file, self.texts[file])[0] for file in files if file in self.texts]
            self._words[language] = Words(language, layers)
        return self._words[language]

    def messages(self) -> list[tuple[str, str]]:
        """Stage and name of every message there is, agendas left out."""
        return sorted(each for each in self._names if each[0] != "agendas")

    def has(self, stage: str, send: str) -> bool:
        """Whether there is a message of that name, in whatever language."""
        return (stage, send) in self._names

    def language_of(self, stage: str, send: str, wanted: str) -> str:
        """The language this message will be written in: the one wanted, else English, else the first there is."""
        languages = self._names.get((stage, send))
        if not languages:
            raise ProgramError([_missing(f"{stage}/{send}.en.md")])
        return next((each for each in (wanted, wanted.split("-")[0], "en") if each in languages), min(languages))

    def mail_class(self, stage: str, send: str) -> str:
        """Whether the mail is service, a reminder or optional, as its file says."""
        return self._source(stage, send).mail_class

    def on_unknown(self, stage: str, send: str) -> str:
        """Whether a mail that may or may not have arrived is held for a person, or sent again after a day."""
        return self._source(stage, send).on_unknown

    def _source(self, stage: str, send: str) -> sources.Source:
        """The file that speaks for all languages of a message: English, else the first there is."""
        if (stage, send) not in self._sources:
            name = self._names.get((stage, send), {}).get(self.language_of(stage, send, "en"), "")
            self._sources[stage, send] = sources.split_source(self.texts[name])
        return self._sources[stage, send]

    def mentions(self, stage: str, send: str, language: str, field: str) -> bool:
        """Whether the text says anything about a field; some cost a look into the store."""
        name = self._names.get((stage, send), {}).get(self.language_of(stage, send, language), "")
        return field in self.texts.get(name, "")

    def agenda(self, name: str, language: str) -> list[str]:
        """The lines of an agenda such as "month_2"; empty when there is none of that name."""
        if ("agendas", name) not in self._names:
            return []
        text = self.texts[self._names["agendas", name][self.language_of("agendas", name, language)]]
        return [plain_line(line[2:]) for line in text.splitlines() if line.startswith("- ")]

    def render(self, stage: str, send: str, language: str, context: Mapping[str, Any], unsubscribe: str = "") -> Parts:
        """The mail for one reader.

        Args:
            unsubscribe: the link by which the reader refuses more mails like this one; empty where there is none.

        Raises:
            ProgramError: the text is missing, or says what a text may not say.
            DeliveryError: this reader's values do not make a mail; trying again would not help.
        """
        message = self._message(stage, send, self.language_of(stage, send, language))
        values: list[str] = [plain_line(context["program"]["name"]), plain_line(context["cohort"]["name"])]
        shared = with_values(
            {**context, "mail_class": message.mail_class, "unsubscribe": unsubscribe}, values, message.language
        )
        skeleton = self._skeleton(message, _run(message.letter, shared), _run(message.footer, shared))
        subject = shortened(plain_line(fill_plain(skeleton.subject, values)), LONGEST_SUBJECT)
        text = fill_plain(skeleton.text, values)
        page = fill_html(skeleton.html, values, message.file)
        _refuse_large(message.file, text, page)
        return Parts(subject, text, page, message.mail_class, message.language)

    def faults(self) -> list[Fault]:
        """Everything wrong in the texts, found without running them."""
        missing = [_missing(name) for name in _NEEDED if name not in self.texts]
        return sorted({*missing, *(fault for name in self.texts for fault in self._faults_of(name))})

    def _faults_of(self, name: str) -> list[Fault]:
        if name not in self._faults:
            self._faults[name] = self._look_at(name)
        return self._faults[name]

    def _look_at(self, name: str) -> list[Fault]:
        file, text = f"templates/{name}", self.texts[name]
        if len(text.encode("utf-8", "replace")) > sources.MOST_BYTES:
            limit = f"{sources.MOST_BYTES // 1024} KB"
            return [Fault(file, 1, 1, "file", f"is larger than {limit}; a mail should take a minute to read")]
        if name in sources.LAYOUTS:
            return template_faults(self._environment, text, _LAYOUT_FIELDS, file=file, path="layout")
        if sources.FOOTER.fullmatch(name):
            return template_faults(self._environment, text, _FOOTER_FIELDS, file=file, path="footer")
        if sources.WORDS.fullmatch(name):
            return _words_faults(name, text)
        found = sources.NAME.fullmatch(name)
        if not found:
            return [Fault(file, 1, 1, "name", "is no name of a text; write <stage>/<message>.<language>.md")]
        if found["stage"] == "agendas":
            return sources.agenda_faults(file, text)
        return self._message_faults(file, sources.split_source(text))

    def _message_faults(self, file: str, source: sources.Source) -> list[Fault]:
        found = sources.header_faults(file, source)
        parts = [(key, source.headers[key], source.lines[key]) for key in sources.WRITTEN if key in source.headers]
        for path, text, line in (*parts, ("body", source.body, source.body_line)):
            found += template_faults(self._environment, text, FIELDS, file=file, path=path, line=line)
        return found

    def _message(self, stage: str, send: str, language: str) -> _Message:
        name = self._names[stage, send][language]
        key = name, self._footer(language)
        if key not in self._messages:
            self._messages[key] = self._compiled(name, language)
        return self._messages[key]

    def _footer(self, language: str) -> str:
        return self._files.get(f"footer.{language}.md") or self._files.get("footer.en.md", "footer.en.md")

    def _compiled(self, name: str, language: str) -> _Message:
        footer = self._footer(language)
        needed = (name, footer, *sources.LAYOUTS)
        faults = [_missing(each) for each in needed if each not in self.texts]
        faults += [fault for each in needed if each in self.texts for fault in self._faults_of(each)]
        if faults:
            raise ProgramError(faults)
        letter = compiled(self._environment, self.texts[name], f"templates/{name}")
        if footer not in self._footers:
            self._footers[footer] = compiled(self._environment, self.texts[footer], f"templates/{footer}")
        last = self._footers[footer]
        return _Message(f"templates/{name}", language, sources.split_source(self.texts[name]).mail_class, letter, last)

    def _skeleton(self, message: _Message, letter: str, footer: str) -> Skeleton:
        """Headers and body come apart only here: tokens hold no line breaks, so no value can add a header."""
        key = (message.language, letter, footer)
        skeleton = self._skeletons.get(key)
        if skeleton is None:
            source = sources.split_source(letter)
            subject, title, preview = (source.headers.get(name, "") for name in sources.WRITTEN)
            drafts = Drafts(subject, title, preview, source.body, footer)
            layouts = (self.texts[name] for name in sources.LAYOUTS)
            skeleton = self._skeletons[key] = build_skeleton(drafts, message.language, *layouts)
            if len(self._skeletons) > SKELETONS_KEPT:
                self._skeletons.popitem(last=False)
        return skeleton


def _run(template: Template, shared: dict[str, object]) -> str:
    file = template.name or ""
    try:
        pieces = template.root_render_func(template.new_context(shared, shared=True))
        draft = "".join(islice(pieces, MOST_PIECES))
        if len(draft) > LARGEST_PART or next(pieces, None) is not None:
            raise _too_large(file)
    except (TemplateError, TypeError, ValueError, KeyError) as problem:
        raise DeliveryError(_in_words(file, problem), permanent=True) from None
    return draft


def _in_words(file: str, problem: Exception) -> str:
    """Where a template stopped and why. Only Jinja's own words are shown: other errors may hold a value."""
    lines = [line for frame, line in walk_tb(problem.__traceback__) if frame.f_code.co_filename == file]
    reason = problem.message if isinstance(problem, TemplateError) else "a field holds something unexpected"
    return f"{file}:{lines[-1] if lines else 1}: {reason}"


def _refuse_large(file: str, *parts: str) -> None:
    for part in parts:
        if len(part) > LARGEST_PART or (len(part) * 4 > LARGEST_PART and len(part.encode()) > LARGEST_PART):
            raise _too_large(file)


def _too_large(file: str) -> DeliveryError:
    return DeliveryError(f"{file}: the mail is larger than {LARGEST_PART // 1000} KB", permanent=True)


def _words_faults(name: str, text: str) -> list[Fault]:
    layer, faults = read_words(f"templates/{name}", text)
    if name == "words.en.yaml" and not faults:
        message = "is missing; write it, since other languages borrow it from here"
        faults = [Fault(f"templates/{name}", 1, 1, word, message) for word in missing_words(layer)]
    return faults


def _missing(name: str) -> Fault:
    return Fault(f"templates/{name}", 1, 1, "file", "is missing; write it, or restore it from the repository")
