"""The book of mails: every mail as its reader got it, in one page that needs no server and no network."""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any

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
    packed = zlib.compress(_as_json(ordered, title), level=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_page(title, base64.b64encode(packed).decode()), encoding="utf-8", newline="\n")


def _as_json(letters: list[BookEntry], title: str) -> bytes:
    files: dict[Attachment, int] = {}
    rows = [_row(letter, files) for letter in letters]
    shared = [
        {"name": name, "type": kind, "content": base64.b64encode(content).decode()} for name, kind, content in files
    ]
    return json.dumps({"title": title, "letters": rows, "files": shared}, ensure_ascii=False).encode()


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


def _page(title: str, packed: str) -> str:
    script, style = (PARTS / "book.js").read_text("utf-8"), (PARTS / "book.css").read_text("utf-8")
    # Only this very script may run: whatever stands in a mail is shown, never obeyed, and nothing is fetched.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data: blob:"
    parts = {"TITLE": escape(title), "POLICY": policy, "STYLE": style, "PACKED": packed, "SCRIPT": script}
    page = (PARTS / "book.html").read_text("utf-8")
    before, *pieces = page.split("@@")
    filled = (parts[piece] if index % 2 == 0 else piece for index, piece in enumerate(pieces))
    return before + "".join(filled)
