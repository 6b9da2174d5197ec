"""The daily mail to the operator: it says that the post works, and its absence that it does not."""

from collections.abc import Mapping
from datetime import date
from html import escape

from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.locales import long_date


def canary_letter(message_id: str, sender: str, operator: str, day: date, counts: Mapping[str, int]) -> Letter:
    """One short mail with the date and yesterday's counts; in English, for it is the operator's.

    Args:
        counts: what was counted yesterday, in words of their own.
    """
    told = long_date(day, "en", with_weekday=True)
    lines = [f"{name}: {number:,}" for name, number in counts.items()]
    opening = f"It is {told}, and mail leaves this Cohortflow. Yesterday (UTC):"
    closing = "This mail comes once a day. If one is missing, mail does not leave: run `cohortflow doctor mail`."
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    html = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Cohortflow: mail works</title></head>'
        f"<body><h1>Mail works</h1><p>{escape(opening)}</p><ul>{items}</ul><p>{escape(closing)}</p></body></html>\n"
    )
    text = "\n".join(["Mail works", "", opening, "", *(f"- {line}" for line in lines), "", closing, ""])
    return Letter(message_id, sender, "", "", operator, f"Cohortflow: mail works, {told}", text, html)
