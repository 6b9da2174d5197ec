"""What all programs of a company share: calendar, roster, mail, privacy."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.phrases import AtMost, DateRange, Hours, Rule, SomeTime, Span, When
from schemas.words import (
    HolidayCalendar,
    Id,
    Language,
    Link,
    Many,
    Name,
    Percent,
    ReplyTo,
    Sender,
    Some,
    Source,
    Truth,
    Zone,
    whole,
)


class Site(Rule):
    """A place where people work: its zone, and whose public holidays are kept there."""

    zone: Zone
    holidays: HolidayCalendar | None = None


class Calendar(Rule):
    """Which days count, and where."""

    time_zone: Zone
    sites: dict[str, Site]
    closed: Annotated[tuple[DateRange, ...], Many]


class Status(Rule):
    """The words of the HR system for who is here, on leave and gone."""

    active: Annotated[tuple[Name, ...], Many]
    on_leave: Annotated[tuple[Name, ...], Many] = ()
    left: Annotated[tuple[Name, ...], Many] = ()


class HoldIf(Rule):
    """When a roster is too stale or too short to be trusted: then nothing is sent."""

    older_than: Span | None = None
    rows_drop_by: Percent | None = None


WhenLeft = Literal["end_match_and_rematch", "end_match", "ask_owner"]
WhenOnLeave = Literal["pause", "end_match", "ask_owner"]


class Roster(Rule):
    """Where one company's roster lies, and what its columns are called there."""

    source: Source | None = Field(None, alias="from")
    columns: dict[Id, Name] | None = None
    levels: Annotated[tuple[Name, ...], Many] | None = None
    status: Status | None = None


class People(Rule):
    """The roster, as the HR system exports it."""

    source: Source = Field(alias="from")
    columns: dict[Id, Name]
    levels: Annotated[tuple[Name, ...], Many]
    status: Status
    sensitive: dict[Id, Name]
    hold_if: HoldIf
    when_someone_leaves: WhenLeft
    when_someone_is_on_leave: WhenOnLeave
    rosters: dict[str, Roster] = {}  # type cross_company: written under people: by the names of the companies


class EmailRules(Rule):
    """Who writes, in which languages and at which hours, and how much of it is too much."""

    sender: Sender = Field(alias="from")
    reply_to: ReplyTo
    languages: Annotated[tuple[Language, ...], Some]
    hours: Hours
    days: Literal["working days", "every day"]
    at_most: AtMost
    too_late_after: SomeTime
    may_opt_out_of: Annotated[tuple[Literal["reminders", "alumni", "optional"], ...], Many]
    max_mails_per_tick: Annotated[int, whole(1, 1_000_000)] | None = None
    open_tracking: Truth = False


class Brand(Rule):
    """How the mails and pages look."""

    name: Name | None = None
    colour: Name | None = None
    logo: Link | None = None


class Privacy(Rule):
    """What a partner may see, and how long anything is kept."""

    partner_sees: Annotated[tuple[Id, ...], Many]
    keep: When
    then: Literal["anonymise", "erase"]
    legal_basis: Name | None = None
    purpose: Name | None = None
