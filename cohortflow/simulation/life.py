"""What happens to people at work over the years (leave, promotion, moves, leaving), drawn in advance."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from cohortflow.simulation.founding import DEPARTMENTS, GRADES, LOCAL_LANGUAGES, SITES, Worker, draw, job_title

LEAVE_THE_COMPANY_PER_YEAR = 0.08
GO_ON_LEAVE_PER_YEAR = 0.05
ON_LEAVE_AT_FIRST = 0.015
CHANGE_DEPARTMENT_PER_YEAR = 0.035
CHANGE_SITE_PER_YEAR = 0.015
PROMOTED_PER_ROUND = 0.06
PROMOTION_ROUNDS = ((4, 1), (10, 1))
YEARS_FORETOLD = 6
# An HR system goes on exporting a leaver for a while, then the row is gone.
LEAVER_LISTED_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Turn:
    """One change in somebody's life at work, in force from its day on."""

    on: date
    kind: str
    value: str = ""


def foretell(luck: Random, person: Worker, since: date) -> tuple[Turn, ...]:
    """Everything that will happen to a person from `since` on, oldest first, whichever day is asked about later."""
    horizon = since + timedelta(days=365 * YEARS_FORETOLD)
    left = _leaving(luck, since)
    turns = [
        *_absences(luck, since, horizon, founder=person.joined < since),
        *_promotions(luck, person, since, horizon),
        *_moves(luck, since, horizon, "department", CHANGE_DEPARTMENT_PER_YEAR),
        *_moves(luck, since, horizon, "site", CHANGE_SITE_PER_YEAR),
    ]
    lived = sorted((turn for turn in turns if turn.on < left), key=lambda turn: (turn.on, turn.kind))
    return (*lived, Turn(left, "left"))


def lived_until(person: Worker, turns: tuple[Turn, ...], day: date) -> Worker | None:
    """The person as the roster of `day` shows them; None when HR has taken the row out."""
    for turn in turns:
        if turn.on > day:
            break
        if turn.kind == "left" and day - turn.on > LEAVER_LISTED_FOR:
            return None
        person = _after(person, turn)
    return person


def _after(person: Worker, turn: Turn) -> Worker:
    leads = person.title.endswith(f", {person.department}")
    if turn.kind == "department" and turn.value != person.department:
        return replace(
            person, department=turn.value, title=job_title(turn.value, person.grade, leads=False), manager_id=""
        )
    if turn.kind == "promotion":
        return replace(person, grade=turn.value, title=job_title(person.department, turn.value, leads=leads))
    if turn.kind == "site":
        # Somebody who moves to Berlin goes on speaking Hindi, and learns German sooner or later.
        learnt = LOCAL_LANGUAGES[turn.value][0][0]
        return replace(person, site=turn.value, languages=tuple(dict.fromkeys((*person.languages, learnt))))
    status = {"leave": "Leave", "return": "Active", "left": "Terminated"}.get(turn.kind, person.status)
    return replace(person, status=status)


def _leaving(luck: Random, since: date) -> date:
    years = luck.expovariate(LEAVE_THE_COMPANY_PER_YEAR)
    return since + timedelta(days=1 + int(365 * min(years, 60)))


def _absences(luck: Random, since: date, horizon: date, *, founder: bool) -> Iterator[Turn]:
    away_from = since
    if not founder or luck.random() >= ON_LEAVE_AT_FIRST:
        away_from += timedelta(days=1 + int(luck.expovariate(GO_ON_LEAVE_PER_YEAR / 365)))
    while away_from < horizon:
        back = away_from + timedelta(days=21 + int(luck.random() * 160))
        yield Turn(away_from, "leave")
        yield Turn(back, "return")
        away_from = back + timedelta(days=120 + int(luck.expovariate(GO_ON_LEAVE_PER_YEAR / 365)))


def _promotions(luck: Random, person: Worker, since: date, horizon: date) -> Iterator[Turn]:
    grade, last = GRADES.index(person.grade), person.joined
    for year in range(since.year, horizon.year + 1):
        for month, day in PROMOTION_ROUNDS:
            on, chosen = date(year, month, day), luck.random() < PROMOTED_PER_ROUND
            # The top grade is not reached by waiting.
            if chosen and since < on < horizon and on - last > timedelta(days=365) and grade < len(GRADES) - 2:
                grade, last = grade + 1, on
                yield Turn(on, "promotion", GRADES[grade])


def _moves(luck: Random, since: date, horizon: date, kind: str, per_year: float) -> Iterator[Turn]:
    shares = DEPARTMENTS if kind == "department" else SITES
    on = since + timedelta(days=1 + int(luck.expovariate(per_year / 365)))
    while on < horizon:
        yield Turn(on, kind, draw(luck.random(), shares.items()))
        on += timedelta(days=180 + int(luck.expovariate(per_year / 365)))
