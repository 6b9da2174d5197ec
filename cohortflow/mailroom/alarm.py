"""An alarm as a mail to the operator; in English, for it is the operator's."""

from datetime import UTC, datetime
from html import escape

from cohortflow.mailroom.letters import Letter


def alarm_letter(message_id: str, sender: str, operator: str, alarm: str, about: str, now: datetime) -> Letter:
    """One short mail: what has happened, to what, and where to look."""
    told = f"At {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {alarm}."
    closing = "`cohortflow doctor` says what is wrong, `cohortflow status` what is held and why."
    lines = [told, *about.splitlines(), closing]
    html = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Cohortflow: an alarm</title></head>'
        f"<body><h1>An alarm</h1>{''.join(f'<p>{escape(line)}</p>' for line in lines)}</body></html>\n"
    )
    text = "\n\n".join(["An alarm", *lines]) + "\n"
    return Letter(message_id, sender, "", "", operator, f"Cohortflow: {alarm}", text, html)
