"""The dates of a cohort worked out a second time, from the guide's words alone and without any code of the product.

Everything is done the slow, obvious way: days are walked one by one, and an instant is found by walking through time in
quarters of an hour until a clock on the wall shows what is looked for. The product's plan must agree with every line.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from dateutil.relativedelta import relativedelta

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
OWN = ""


@dataclass(frozen=True)
class Place:
    """Where some readers work."""

    zone: str
    holidays: str | None = None


@dataclass
class Facts:
    """A program and a cohort in plain values; phrases stand as in the YAML."""

    zone: str
    sites: dict[str, Place]
    closed: list[tuple[date, date]]
    opens: time
    every_day: bool
    starts: date
    ends: date
    stages: dict[str, dict[str, Any]]
    goals: dict[str, str] | None = None
    trial_until: str | None = None
    reports: list[str] = field(default_factory=list)


def first_instant(zone: str, day: date, clock: time) -> datetime:
    """The first instant at which a clock in the zone shows this time or, on a night that skips it, a later one."""
    wall, here = datetime.combine(day, clock), ZoneInfo(zone)
    at = wall.replace(tzinfo=UTC) - timedelta(hours=16)
    while at.astimezone(here).replace(tzinfo=None) < wall:
        at += QUARTER
    return at


class SecondCalendar:
    """Every occasion of one cohort: key -> the instants by place (`OWN` is the program's own zone)."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        own = next((place for place in facts.sites.values() if place.zone == facts.zone), Place(facts.zone))
        self.places = {OWN: own, **facts.sites}
        self.rows: dict[str, dict[str, datetime]] = {}
        self.rounds: list[tuple[date, date]] = []
        self.rounds = self._rounds()

    # --- days ---------------------------------------------------------------------------------------------------

    def is_closed(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self.facts.closed)

    def is_working(self, day: date, place: Place) -> bool:
        if self.is_closed(day) or day.isoweekday() > 5:
            return False
        if place.holidays is None:
            return True
        country, _, part = place.holidays.partition("-")
        return day not in holidays.country_holidays(country, subdiv=part or None, years=day.year)

    def takes_mail(self, day: date, place: Place) -> bool:
        return not self.is_closed(day) if self.facts.every_day else self.is_working(day, place)

    def shift(self, day: date, count: int, unit: str) -> date:
        """`count` units later, or earlier when negative; working days are those of the program's own place."""
        if unit.startswith("working"):
            step = DAY if count > 0 else -DAY
            for _ in range(abs(count)):
                day += step
                while not self.is_working(day, self.places[OWN]):
                    day += step
            return day
        if unit.startswith("month"):
            return day + relativedelta(months=count)
        return day + count * (7 * DAY if unit.startswith("week") else DAY)

    def day(self, phrase: str, stage: str, this_round: tuple[date, date] | None = None) -> date:
        """The day a phrase means inside a stage."""
        for word, sign in ((" before ", -1), (" after ", 1)):
            if word in phrase:
                span, anchor = phrase.split(word)
                number, unit = span.split(" ", 1)
                return self.shift(self.day(anchor, stage, this_round), sign * int(number), unit)
        return self._anchor(phrase, stage, this_round)

    def _anchor(self, phrase: str, stage: str, this_round: tuple[date, date] | None) -> date:
        facts = self.facts
        if phrase in ("start", "end"):
            return facts.starts if phrase == "start" else facts.ends
        if phrase == "halfway":
            return facts.starts + timedelta(days=(facts.ends - facts.starts).days // 2)
        if phrase == "first_meeting":
            return self.day(facts.stages["check_in"]["first_meeting"], "check_in")
        if this_round and phrase in ("opens", "closes"):
            return this_round[phrase == "closes"]
        if " " in phrase:
            stage, phrase = phrase.split(" ")
        if stage in ("match", "close") and phrase == "opens":
            phrase = "runs"
        return self.day(facts.stages[stage][phrase], stage)

    def _rounds(self) -> list[tuple[date, date]]:
        rules, found = self.facts.stages["check_in"], []
        first, last = self.day(rules["first"], "check_in"), self.day(rules["last"], "check_in")
        number, unit = rules["every"].split(" ", 1)
        opens, times = first, 0
        while opens <= last:
            span, open_unit = rules["open_for"].split(" ", 1)
            found.append((opens, self.shift(opens, int(span), open_unit)))
            times += 1
            opens = self.shift(first, times * int(number), unit)
        return found

    # --- instants -----------------------------------------------------------------------------------------------

    def _midnight(self, day: date) -> dict[str, datetime]:
        return {OWN: first_instant(self.facts.zone, day, time(0))}

    def _after(self, day: date) -> dict[str, datetime]:
        return self._midnight(day + DAY)

    def _mail(self, day: date, backward: bool) -> dict[str, datetime]:
        """At each place on the day itself, or the nearest one on which mail goes there."""
        found = {}
        for name, place in self.places.items():
            there = day
            while not self.takes_mail(there, place):
                there += -DAY if backward else DAY
            found[name] = first_instant(place.zone, there, self.facts.opens)
        return found

    # --- the life -----------------------------------------------------------------------------------------------

    def all(self) -> dict[str, dict[str, datetime]]:
        stages = self.facts.stages
        for stage, moments in (
            ("recruit", ("opens", "closes")), ("match", ("runs",)), ("orient", ("opens", "closes")),
            ("evaluate", ("opens", "closes")), ("close", ("runs",)),
        ):  # fmt: skip
            for moment in moments:
                instant: Callable[[date], dict[str, datetime]] = self._after if moment == "closes" else self._midnight
                self.rows[f"{stage}.{moment}"] = instant(self.day(stages[stage][moment], stage))
        self._approval()
        for stage in stages:
            self._mails(stage)
        for number, (opens, closes) in enumerate(self.rounds, start=1):
            self.rows[f"check_in#{number}"] = self._midnight(opens)
            self.rows[f"check_in#{number}.closes"] = self._after(closes)
        self._others()
        return self.rows

    def _mails(self, stage: str) -> None:
        counted: Counter[str] = Counter()
        for send, phrases in self.facts.stages[stage]["emails"]:
            for phrase in phrases:
                counted[send] += 1
                name, backward = f"{send}#{counted[send]}", " before " in phrase
                if phrase.startswith("on "):
                    continue
                anchor = phrase.rsplit(" ", 1)[-1]
                if stage == "check_in" and anchor in ("opens", "closes") and phrase.split(" ")[-2:-1] != ["recruit"]:
                    for number, each in enumerate(self.rounds, start=1):
                        day = self.day(phrase, stage, each)
                        self.rows[f"check_in#{number}.{name}"] = self._mail(day, backward)
                else:
                    self.rows[f"{stage}.{name}"] = self._mail(self.day(phrase, stage), backward)

    def _approval(self) -> None:
        approve = self.facts.stages["match"]["approve"]
        runs = self.day(self.facts.stages["match"]["runs"], "match")
        if approve is None:
            self.rows["match.approval"] = self._midnight(runs)
            return
        number, unit = approve["within"].split(" ", 1)
        last = self.shift(runs, int(number), unit)
        remind = self.shift(last, -1, "working days")
        remind = remind if remind > runs else last
        self.rows["match.approval_request#1"] = self._mail(runs, backward=False)
        self.rows["match.approval_reminder#1"] = self._mail(remind, backward=True)
        self.rows["match.approval"] = self._after(last)
        if approve["if_silent"] == "proceed":
            self.rows["match.approval_proceeds"] = self._after(last)
        else:
            self.rows["match.approval_overdue#1"] = self._mail(last + DAY, backward=False)

    def _others(self) -> None:
        facts = self.facts
        if facts.goals:
            ask, last = self.day(facts.goals["ask"], "program"), self.day(facts.goals["set_by"], "program")
            remind = self.shift(last, -3, "working days")
            remind = remind if remind > ask else last
            self.rows["goals.ask#1"] = self._mail(ask, " before " in facts.goals["ask"])
            self.rows["goals.reminder#1"] = self._mail(remind, backward=True)
        if facts.trial_until:
            self.rows["trial.closes"] = self._after(self.day(facts.trial_until, "program"))
        for number, phrase in enumerate(facts.reports, start=1):
            self.rows[f"measure.report#{number}"] = self._midnight(self.day(phrase, "program"))
