"""The six stages of a program, and the mails each of them declares."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from schemas.phrases import Attach, Rule, SomeTime, Span, Unclear, When
from schemas.words import Id, Name, Some, Source, Truth

Audience = Literal[
    "eligible", "no_response", "applicant", "applicants", "matched", "unmatched", "participants", "mentors", "mentees",
    "completed", "managers of matched", "owner", "approvers", "sponsor",
]  # fmt: skip
IfSilent = Literal["remind_then_hold", "remind_then_ask_owner", "remind_then_decline", "proceed"]
Whens = Annotated[tuple[When, ...], Some]


class MailLine(Rule):
    """One declared mail: which text, to whom, when; a list of moments sends it once at each."""

    send: Id
    to: Audience
    when: Whens
    attach: Attach | None = None


Mails = tuple[MailLine, ...]


class Recruit(Rule):
    """Who applies, and until when; `closes` is the end of that day."""

    opens: When
    closes: When
    form: Id
    consent: Literal["required", "optional"]
    emails: Mails


class Approve(Rule):
    """Who says yes to the proposed matches."""

    by: Literal["approvers", "owner", "sponsor"]
    within: Span
    if_silent: IfSilent


class Accept(Rule):
    """How long the two of a match may take to say yes."""

    within: Span
    if_silent: IfSilent


class Choose(Rule):
    """The days in which people rank whom they would like (parsed; a later version carries it out)."""

    opens: When
    within: Span = Field(alias="for")


class Match(Rule):
    """When matches are proposed, and who must say yes to them."""

    runs: When
    approve: Approve | None = None
    accept: Accept | None = None
    choose: Choose | None = None
    emails: Mails


class Training(Rule):
    """The courses to take; `required` keeps a match unannounced until they are done."""

    mentors: Name | None = None
    mentees: Name | None = None
    completions_from: Source | None = None
    required: Truth = False


class Orient(Rule):
    """The welcome; when it closes, matches become active."""

    opens: When
    closes: When
    training: Training | None = None
    agreement: Id | None = None
    survey: Id | None = None
    emails: Mails


class FirstMeeting(Rule):
    """When the two are asked whether they have met."""

    ask: When


def _agenda(given: object) -> str:
    """An agenda's name may hold `{n}`, the number of the check-in."""
    text = given.strip() if isinstance(given, str) else ""
    if not re.fullmatch(r"[a-z0-9_-]{0,60}(\{n\})?[a-z0-9_-]{0,60}", text) or not text:
        raise Unclear(
            "is not the name of an agenda", "write it with {n} for the number of the check-in, for example month_{n}"
        )
    return text


class CheckIn(Rule):
    """The regular question how it goes."""

    first_meeting: FirstMeeting | None = None
    every: SomeTime
    first: When
    last: When
    survey: Id
    open_for: Span
    agenda: Annotated[str, BeforeValidator(_agenda)] | None = None
    emails: Mails


class Evaluate(Rule):
    """The final survey."""

    opens: When
    closes: When
    survey: Id
    emails: Mails


class Close(Rule):
    """The thanks and the end."""

    runs: When
    emails: Mails


class Stages(Rule):
    """The lifecycle, in its order."""

    recruit: Recruit
    match: Match
    orient: Orient
    check_in: CheckIn
    evaluate: Evaluate
    close: Close
