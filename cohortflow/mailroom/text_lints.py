"""Lints of the mails' texts: dates that grow old, a cohort nobody can tell from another, words that stay empty.

Read by eye, as it were, and never compiled: `check` looks at every text of fifty programs within a second.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from cohortflow.mailroom.letter_lints import contrast_faults, link_fault
from cohortflow.mailroom.texts import NAME, WRITTEN, Source, split_source
from cohortflow.programs.lints.keys import key_faults
from cohortflow.programs.lints.views import Run
from cohortflow.programs.trees import Path
from schemas.errors import Fault
from schemas.phrases import STAGES
from schemas.stages import MailLine

MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    "Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|"
    "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|"
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|"
    "gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|"
    "januari|februari|maart|mei|augustus|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|dezembro"
)
# May is whole already; "Sun 5 Mar." and "Sept 29" are dates, "5 Mart" is none.
_SHORT = r"(?:Jan|Feb|Mar|Mär|Mrz|Apr|Jun|Jul|Aug|Sept?|Oct|Okt|Nov|Dec|Dez)\b\.?"
_DATE = re.compile(
    rf"\b(?:19|20)\d\d-\d\d?-\d\d?\b|\b\d{{1,2}}/\d{{1,2}}/\d\d(?:\d\d)?\b"
    r"|\b(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:(?:19|20)?\d\d\b)?"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|\.)?(?: of| de)? (?:{MONTHS})\b|\b(?:{MONTHS}) \d{{1,2}}(?:st|nd|rd|th)?\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|\.)? {_SHORT}(?!\w)|\b{_SHORT} \d{{1,2}}(?:st|nd|rd|th)?\b"
    # A bare number is a year where it may be one of a cohort; "2000 colleagues" is a number.
    rf"|\b(?:{MONTHS}|{_SHORT})(?: de)? (?:19|20)\d\d\b|(?<![#\w])20[2-4]\d\b"
)
_TAG = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_LINK = re.compile(r"(?P<picture>!?)\[(?P<said>[^\]\n]*)\]\([^)\n]*\)")
_CODE = re.compile(r"`[^`]*`")
_ADDRESS = re.compile(r"https?://\S+")
_FIELD = re.compile(r"(?<![\w.])[a-z_]\w*")
# What a mail of a stage can hold; the rest is empty there, and so is the sentence around it.
_NEVER: dict[str, dict[str, str]] = {
    "partners": {"recruit": "nobody has a partner before the match"},
    "deadline": {"close": "nothing is asked any more that could be late"},
    "n": dict.fromkeys(("recruit", "match", "orient", "evaluate", "close"), "only check-ins are numbered"),
    "agenda": dict.fromkeys(("recruit", "match", "orient", "evaluate", "close"), "only check-ins have an agenda"),
    "lines": dict.fromkeys(("recruit", "orient", "check_in", "evaluate", "close"), "no list belongs to these mails"),
}
_ASKING = (
    "invite", "reminder", "orientation_invite", "orientation_reminder", "first_meeting", "pulse", "pulse_reminder",
    "final_survey", "final_survey_reminder", "approval_request", "approval_reminder", "accept_reminder", "goals",
    "goals_reminder",
)  # fmt: skip
_HALF = re.compile(
    r"(?<![{%])\{ ?(reader|program|cohort|partners?|link|deadline|counts)\b[\w. ]*\}(?![}%])"
    r"|\[(Name|Date|Link)\](?!\()",
    re.I,
)
_NO_PARTNERS = (
    "eligible",
    "applicant",
    "applicants",
    "unmatched",
    "managers of matched",
    "owner",
    "approvers",
    "sponsor",
)


def text_faults(texts: Mapping[str, str]) -> list[Fault]:
    """The lints of every text, by the names they have under `templates/`."""
    found = key_faults(dict(texts), list(texts), "templates")
    for name, text in texts.items():
        place = NAME.fullmatch(name)
        if place is None:
            continue
        file, source = f"templates/{name}", split_source(text)
        found += _dates(file, text)
        if place["stage"] != "agendas":
            found += _unnamed(file, source)
            found += _empty(file, place["stage"], text)
            found += _hard_to_read(file, source)
            found += _half_a_field(file, source)
            found += _without_its_link(file, place["send"], source)
    found += [_of_layout(told) for told in contrast_faults(texts.get("layout.html", ""))]
    return sorted(set(found))


def _dates(file: str, text: str) -> Iterator[Fault]:
    for number, line in enumerate(text.splitlines(), start=1):
        plain = _blank(_ADDRESS, _blank(_TAG, line))
        if found := _DATE.search(plain):
            message = (
                f"holds a date of its own ({found[0].strip()!r}), which is wrong for every other cohort; write a "
                "field, such as {{ deadline }}, {{ cohort.starts }} or {{ cohort.ends }}"
            )
            yield Fault(file, number, found.start() + 1, "body", message, "warning")


def _blank(pattern: re.Pattern[str], line: str) -> str:
    """The line with what is found blotted out, so that columns stay."""
    return pattern.sub(lambda found: "\x00" * len(found[0]), line)


def _unnamed(file: str, source: Source) -> Iterator[Fault]:
    """Whoever takes part twice must be able to tell the mails of one cohort from those of another."""
    written = " ".join((*source.headers.values(), source.body))
    for thing in ("program", "cohort"):
        if not re.search(rf"{{[{{%][^}}]*\b{thing}\.name\b", written):
            message = (
                f"does not name the {thing}, so a reader of two could not tell them apart; write "
                f"{{{{ {thing}.name }}}} in the subject or in the first sentence"
            )
            yield Fault(file, source.body_line, 1, "body", message, "warning")


def _empty(file: str, stage: str, text: str) -> Iterator[Fault]:
    told = set()
    for line, column, field in fields_of(text):
        reason = _NEVER.get(field, {}).get(stage)
        if reason and field not in told:
            told.add(field)
            message = f"uses {field}, which is always empty in a mail of {stage}: {reason}; remove it"
            yield Fault(file, line, column, "body", message, "warning")


def _hard_to_read(file: str, source: Source) -> Iterator[Fault]:
    """Links and headings that do not help whoever hears the mail instead of seeing it."""
    for number, line in enumerate(source.body.splitlines(), start=source.body_line):
        for link in _LINK.finditer(_blank(_CODE, line)):
            said = " ".join(_TAG.sub(_stand_in, link["said"]).split())
            told = "has a picture, and these mails have none; say it in words" if link["picture"] else link_fault(said)
            if told:
                yield Fault(file, number, link.start() + 1, "body", told, "warning")
        if re.match(r"# ", line):
            told = "begins a heading of the first rank, which is the title's; begin it with ##"
            yield Fault(file, number, 1, "body", told, "warning")


def _half_a_field(file: str, source: Source) -> Iterator[Fault]:
    """A field in single braces, or a placeholder in brackets, stays as it is typed."""
    headers = [(source.lines[key], value) for key, value in source.headers.items() if key in WRITTEN]
    for number, line in [*headers, *enumerate(source.body.splitlines(), start=source.body_line)]:
        if found := _HALF.search(_blank(_TAG, line)):
            message = f"stays in the mail as it is typed ({found[0]}); write a field between two braces, {{{{ ... }}}}"
            yield Fault(file, number, found.start() + 1, "body", message, "warning")


def _without_its_link(file: str, send: str, source: Source) -> Iterator[Fault]:
    """A mail that asks for something must lead to where it is answered."""
    if send in _ASKING and "link" not in _words_in_tags(source.body):
        message = "asks for an answer and has no link to give it; write [Answer here]({{ link }})"
        yield Fault(file, source.body_line, 1, "body", message, "warning")


def _stand_in(tag: re.Match[str]) -> str:
    """What a tag may become: the address of the reader's page, or some word."""
    return "https://link" if re.fullmatch(r"{{ *link *}}", tag[0]) else "value"


def _of_layout(told: str) -> Fault:
    return Fault("templates/layout.html", 1, 1, "style", f"{told}; make one of them darker or lighter", "warning")


def fields_of(text: str) -> Iterator[tuple[int, int, str]]:
    """Line, column and name of every word inside the tags of a text that may be a field."""
    for number, line in enumerate(text.splitlines(), start=1):
        for tag in _TAG.finditer(line):
            for word in _FIELD.finditer(_blank(_QUOTED, tag[0])):
                yield number, tag.start() + word.start() + 1, word[0]


@lru_cache(maxsize=256)
def _words_in_tags(text: str) -> frozenset[str]:
    """All of them; programs share their texts."""
    return frozenset(field for *_, field in fields_of(text))


# --- what a program makes of a text ---------------------------------------------------------------------------------


def mail_faults(run: Run, texts: Mapping[str, str], behind: Mapping[str, str]) -> Iterator[Fault]:
    """Declared mails whose text speaks of what their line does not bring.

    Args:
        behind: the file behind each text as this program reads it.
    """
    language = run.cohort.program.email.languages[0]
    for stage in STAGES:
        for place, line in enumerate(getattr(run.cohort.program.stages, stage).emails):
            name = behind.get(f"{stage}/{line.send}.{language}.md", "")
            used = _words_in_tags(texts.get(name, ""))
            path: Path = ("stages", stage, "emails", place, "send")
            for field, reason in _not_brought(line):
                if field in used:
                    message = f"templates/{name} uses {field}, which stays empty here: {reason}"
                    yield run.page.tell(path, message)


def _not_brought(line: MailLine) -> Iterator[tuple[str, str]]:
    if line.attach is None or line.attach.kind != "calendar":
        yield "meeting", "write attach: calendar 2 hours on start at 15:00, or take the field out of the text"
    if line.to != "managers of matched":
        yield "people", "write to: managers of matched, or take the field out of the text"
    if line.to in _NO_PARTNERS:
        yield "partners", f"{line.to} have no partner; write to: matched, or take the field out of the text"
