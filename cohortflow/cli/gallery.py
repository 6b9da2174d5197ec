"""`preview --gallery`: every mail in every language for every kind of reader, side by side on one page."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cohortflow.cli.plan_words import mail_name
from cohortflow.cli.sample_cases import CASES, Case
from cohortflow.cli.samples import Asked, asked_for, sample_letter
from cohortflow.mailroom.attachments import Attachment
from cohortflow.mailroom.rendering import Stationery
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.pages import STAGE_NAMES, packed, save_page, written
from schemas.errors import CohortflowError
from schemas.phrases import STAGES
from schemas.settings import Settings

ABOUT_FILES = {
    "REQUEST": "an invitation for the calendar",
    "CANCEL": "takes the invitation out of the calendar",
    "text/vcard": "a card for the address book",
    "application/pdf": "a certificate",
}
FILES = Path(__file__).parent / "page_files"
Card = dict[str, Any]


def write_gallery(cohort: Cohort, stationery: Stationery, settings: Settings, path: Path) -> list[Card]:
    """Write the page.

    Returns:
        The cards that hold no mail: a text that is missing, or cannot be written for one of the readers.
    """
    cards = list(_cards(cohort, stationery, settings))
    stages = [each for each in STAGE_NAMES if any(card["stage"] == each for card in cards)]
    values = {
        "title": f"{cohort.program.name}, {cohort.name}: mails",
        "program": cohort.program,
        "cohort": cohort,
        "stages": {each: STAGE_NAMES[each] for each in stages},
        "languages": list(dict.fromkeys(card["language"] for card in cards)),
        "cases": CASES,
        "packed": packed({"cards": cards, "stages": STAGE_NAMES}),
    }
    save_page(written(FILES, "gallery", values), path)
    return [card for card in cards if card["problem"]]


def messages_of(cohort: Cohort, stationery: Stationery) -> list[tuple[str, str]]:
    """The mails of a program, in the order of its life, and then those that the system itself sends."""
    declared = [(stage, line.send) for stage in STAGES for line in getattr(cohort.program.stages, stage).emails]
    own = [each for each in stationery.messages() if each[0] == "program"]
    return list(dict.fromkeys((*declared, *own)))


def _cards(cohort: Cohort, stationery: Stationery, settings: Settings) -> Iterator[Card]:
    stationery = stationery.of(cohort.program_id)
    for stage, send in messages_of(cohort, stationery):
        asked = asked_for(cohort, f"{stage}/{send}", stationery)
        for language in cohort.program.email.languages:
            for case in CASES:
                facts = {
                    "id": f"{language}/{stage}/{send}/{case.id}",
                    "stage": stage,
                    "send": send,
                    "name": mail_name(send),
                    "language": language,
                    "case": case.id,
                    "about": case.title,
                    "role": asked.role,
                }
                yield facts | _mail(cohort, asked, language, stationery, settings, case)


def _file(attached: Attachment) -> dict[str, str]:
    """What goes with a mail: its name, what it is, and its text or the file itself."""
    kind = attached.content_type
    about = ABOUT_FILES.get(attached.method or kind, kind)
    if kind.startswith("text/"):
        return {"name": attached.filename, "about": about, "text": attached.content.decode("utf-8")}
    content = f"data:{kind};base64,{b64encode(attached.content).decode('ascii')}"
    return {"name": attached.filename, "about": about, "content": content}


def _mail(
    cohort: Cohort, asked: Asked, language: str, stationery: Stationery, settings: Settings, case: Case
) -> Card:  # fmt: skip
    """The mail itself, or why there is none."""
    empty = {"subject": "", "text": "", "html": "", "files": [], "problem": ""}
    try:
        letter = sample_letter(cohort, asked, language, stationery, settings, case)
    except CohortflowError as error:
        return empty | {"problem": str(error)}
    if letter.language != language:
        return empty | {"problem": f"not written in {language} yet; these readers get it in {letter.language}"}
    files = [_file(each) for each in letter.attachments]
    if asked.send == "report_ready":
        files.append({"name": "report.html", "about": "the report as it stands when the mail is written"})
    return empty | {"subject": letter.subject, "text": letter.text, "html": letter.html, "files": files}
