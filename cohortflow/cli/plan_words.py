"""The words of the plan page: what an occasion is called, whom it is for, and days as people write them."""

import re
from collections.abc import Iterable
from datetime import date

from cohortflow.programs.expected import Entry
from cohortflow.programs.forecast import Range

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MILESTONES = {
    "recruit.opens": "Applications open",
    "recruit.closes": "Applications close",
    "match.runs": "Matches are proposed",
    "match.approval": "Last day to approve the matches",
    "match.approval_proceeds": "Without an answer the matches go ahead",
    "match.accept_closes": "Last day to accept a match",
    "orient.opens": "Orientation opens",
    "orient.closes": "The cohort starts",
    "trial.closes": "The trial ends",
    "evaluate.opens": "The final survey opens",
    "evaluate.closes": "The final survey closes",
    "close.runs": "The cohort is closed",
}
DEADLINES = {
    "recruit.closes": "everybody invited",
    "match.approval": "approvers",
    "match.accept_closes": "both of a match",
    "orient.closes": "both of a match",
    "trial.closes": "both of a match",
    "evaluate.closes": "participants",
}
AUDIENCES = {
    "eligible": "everybody eligible",
    "no_response": "whoever has not answered",
    "applicant": "each applicant",
    "matched": "both of every match",
    "unmatched": "applicants without a match",
    "completed": "whoever completed",
    "managers of matched": "their managers",
    "owner": "the owner",
    "approvers": "the approvers",
    "sponsor": "the sponsor",
}


def titled(entry: Entry) -> str:
    """What an occasion is called: a mail by its text's name, a milestone by what happens."""
    occasion = entry.occasion
    if occasion.send:
        return mail_name(occasion.send)
    if occasion.key == "match.approval" and occasion.kind != "decision":
        return "The matches are approved"
    if found := re.fullmatch(r"check_in#(\d+)(\.closes)?", occasion.key):
        return f"Check-in {found[1]} {'closes' if found[2] else 'opens'}"
    if found := re.fullmatch(r"measure\.report#(\d+)", occasion.key):
        return f"Report {found[1]} is drawn up"
    return MILESTONES.get(occasion.key, occasion.key.replace(".", ": ").replace("_", " "))


def mail_name(send: str) -> str:
    """`meet_your_match` is Meet your match."""
    return send.replace("_", " ").capitalize()


def audience(to: str) -> str:
    """Whom a mail is for."""
    return AUDIENCES.get(to, to)


def last_day_of(entry: Entry) -> str:
    """Whose deadline an occasion is; empty for those that are none."""
    key = entry.occasion.key
    if key == "match.approval" and entry.occasion.kind != "decision":
        return ""
    if re.fullmatch(r"check_in#\d+\.closes", key):
        return "participants"
    return DEADLINES.get(key, "")


def long_day(day: date) -> str:
    """Monday reads Mon 4 January 2027, whatever the machine's locale."""
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def short_day(day: date) -> str:
    """Mon 4 Jan."""
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1][:3]}"


def plain_day(day: date) -> str:
    """4 Jan."""
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def span(first: date, last: date) -> str:
    """4 to 10 Jan, 28 Jan to 3 Feb."""
    begin = str(first.day) if first.month == last.month else f"{first.day} {MONTHS[first.month - 1][:3]}"
    return f"{begin} to {last.day} {MONTHS[last.month - 1][:3]}"


def ranged(number: Range, unit: str = "") -> str:
    """60 (40 to 80); one number where there is no doubt."""
    low, expected, high = (plain(each) for each in (number.low, number.expected, number.high))
    tail = f" {unit}" if unit else ""
    return f"{expected}{tail}" if low == high else f"{expected}{tail} ({low} to {high})"


def plain(number: float) -> str:
    """Without idle digits: 1,230, 12.5 and 3."""
    return f"{number:,.0f}" if number >= 20 or number == int(number) else f"{number:.1f}".removesuffix(".0")


def listed(words: Iterable[str]) -> str:
    """a, b and c."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
