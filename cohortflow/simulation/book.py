"""The book of mails: every mail as its reader got it, in one page that needs no server and no network."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any

from cohortflow.programs.pages import look, packed, policy, shared_script

PARTS = Path(__file__).parent / "book_page"
Attachment = tuple[str, str, bytes]


@dataclass(frozen=True)
class BookEntry:
    """One mail. `day` is the reader's local day, `local_time` says the reader's hour with its offset from UTC."""

    message_id: str
    sent_at: datetime
    local_time: str
    day: date
    person_id: str
    to_name: str
    role: str
    stage: str
    occasion: str
    template: str
    language: str
    state: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


def write_book(letters: Iterable[BookEntry], path: Path, title: str) -> None:
    """Write the page; the same letters in any order give the same bytes.

    Mails are much alike, so the packed page holds thousands of them in a few megabytes; the browser unpacks it.
    """
    ordered = sorted(letters, key=lambda letter: (letter.sent_at, letter.stage, letter.template, letter.message_id))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_page(title, packed(_contents(ordered, title))), encoding="utf-8", newline="\n")


def _contents(letters: list[BookEntry], title: str) -> dict[str, Any]:
    files: dict[Attachment, int] = {}
    rows = [_row(letter, files) for letter in letters]
    shared = [
        {"name": name, "type": kind, "content": base64.b64encode(content).decode()} for name, kind, content in files
    ]
    return {"title": title, "letters": rows, "files": shared}


def _row(letter: BookEntry, files: dict[Attachment, int]) -> dict[str, Any]:
    """A letter for the page; each attachment is kept once, however many got it."""
    row: dict[str, Any] = {
        "id": letter.message_id,
        "time": letter.local_time,
        "day": letter.day.isoformat(),
        "person": letter.person_id,
        "to": letter.to_name,
        "role": letter.role,
        "stage": letter.stage,
        "occasion": letter.occasion,
        "template": letter.template,
        "language": letter.language,
        "state": letter.state,
        "subject": letter.subject,
        "files": [files.setdefault(attachment, len(files)) for attachment in letter.attachments],
    }
    return row | {"text": letter.text, "html": letter.html}


def _page(title: str, letters: str) -> str:
    script = shared_script() + (PARTS / "book.js").read_text("utf-8")
    style = look() + (PARTS / "book.css").read_text("utf-8")
    parts = {"TITLE": escape(title), "POLICY": policy(script), "STYLE": style, "PACKED": letters, "SCRIPT": script}
    page = (PARTS / "book.html").read_text("utf-8")
    before, *pieces = page.split("@@")
    filled = (parts[piece] if index % 2 == 0 else piece for index, piece in enumerate(pieces))
    return before + "".join(filled)
