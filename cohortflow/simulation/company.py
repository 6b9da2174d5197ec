"""The synthetic company: a plausible roster for any day, a pure function of a seed, and the files HR would drop."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from random import Random

from cohortflow.simulation.founding import (
    FIRST_MANAGER_GRADE,
    GRADES,
    Worker,
    draw_worker,
    fixed_staff,
    job_title,
    with_addresses,
    with_managers,
)
from cohortflow.simulation.life import Turn, foretell, lived_until
from cohortflow.simulation.untidy import untidy_export

HEADERS = (
    "Employee ID",
    "Work Email",
    "Preferred Name",
    "Manager ID",
    "Department",
    "Job Title",
    "Grade",
    "Location",
    "Hire Date",
    "Languages",
    "Status",
    "Gender",
)
JOIN_PER_YEAR = 0.10
YEARS_OF_JOINERS = 6
FIRST_ID = 10_001


@dataclass(frozen=True)
class Company:
    """Everybody who works or will work here, and what will happen to each of them.

    `people` are as they were on the founding day, or on the day they joined; the first is the head.
    """

    seed: int
    founded: date
    people: tuple[Worker, ...]
    lives: dict[str, tuple[Turn, ...]] = field(repr=False)

    def on(self, day: date) -> tuple[Worker, ...]:
        """The roster of a day, in the order of employee ids: who is here, who is on leave, who left lately."""
        joined = (person for person in self.people if person.joined <= day)
        seen = [lived_until(person, self.lives[person.person_id], day) for person in joined]
        listed = {person.person_id: person for person in seen if person is not None}
        return tuple(self._reporting(person, listed) for person in listed.values())

    def roster_csv(self, on: date) -> str:
        """The roster as the HR system exports it: header, one row per person, CRLF."""
        return as_csv(self.on(on))

    @cached_property
    def _at_first(self) -> dict[str, Worker]:
        return {person.person_id: person for person in self.people}

    @cached_property
    def _heads(self) -> dict[str, str]:
        top = self.people[0].person_id
        return {person.department: person.person_id for person in reversed(self.people) if person.manager_id == top}

    def _reporting(self, person: Worker, listed: dict[str, Worker]) -> Worker:
        """The same row with a manager who still works here: when a boss leaves, the boss's boss takes over."""
        top = self.people[0].person_id
        if person.person_id == top:
            return person
        boss = person.manager_id or self._heads.get(person.department, top)
        while boss == person.person_id or boss not in listed or listed[boss].status == "Terminated":
            boss = self._at_first[boss].manager_id or top
        return person if boss == person.manager_id else replace(person, manager_id=boss)


def found_company(people: int, seed: int, on: date) -> Company:
    """A company of `people` on its first day, with everything its future holds; the same on every machine.

    Hire dates lie before `on`, about ten in a hundred join each year after it.
    """
    known = fixed_staff(on)[: max(people, 1)]
    luck = Random(f"company|{seed}|{people}|founding")
    drawn = [draw_worker(luck, on) for _ in range(people - len(known))]
    taken: set[str] = set()
    staff = with_managers(with_addresses(_numbered([*known, *drawn], FIRST_ID), taken))
    newcomers = _joiners(people, seed, on, staff)
    everyone = (*staff, *with_addresses(newcomers, taken))
    lives = {person.person_id: _life(seed, person, on) for person in everyone}
    # The head and the two who approve stay as they are, or a demo could lose its approver.
    lives |= {person.person_id: () for person in staff[:3]}
    return Company(seed, on, everyone, lives)


def write_company(people: int, seed: int, out: Path, on: date) -> list[Path]:
    """Write the files HR would drop over a year: the first day's roster, then one a month; and one untidy export.

    Returns:
        The files in the order of their dates, then the untidy file and the text that explains it.
    """
    company = found_company(people, seed, on)
    drops = {
        out / "workers" / f"workers-{day}.csv": company.roster_csv(day).encode() for day in _monthly(on, months=12)
    }
    export, explanation = untidy_export(HEADERS, [_cells(person) for person in company.on(on)])
    drops[out / "untidy" / f"workers-{on}.csv"] = export
    drops[out / "untidy" / "README.txt"] = explanation.encode()
    for path, content in drops.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(drops)


_IN_ORDER = attrgetter(*(each.name for each in fields(Worker)))


def as_csv(roster: Iterable[Worker]) -> str:
    """A roster as text under the headers that company.yaml maps."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADERS)
    writer.writerows(map(_cells, roster))
    return text.getvalue()


def _cells(person: Worker) -> list[str]:
    cells = _IN_ORDER(person)
    return [";".join(cell) if isinstance(cell, tuple) else str(cell) for cell in cells]


def _numbered(people: Sequence[Worker], first: int) -> list[Worker]:
    # Six digits with a leading zero: what a spreadsheet loses first.
    return [replace(person, person_id=f"{number:06}") for number, person in enumerate(people, start=first)]


def _joiners(people: int, seed: int, founded: date, staff: Sequence[Worker]) -> list[Worker]:
    """Those who join over the years, spread evenly with some jitter, each under a manager of the department."""
    bosses: dict[str, list[str]] = defaultdict(list)
    for person in staff:
        if GRADES.index(person.grade) > FIRST_MANAGER_GRADE:
            bosses[person.department].append(person.person_id)
    joiners = []
    for number in range(int(people * JOIN_PER_YEAR * YEARS_OF_JOINERS)):
        luck = Random(f"company|{seed}|{people}|joiner|{number}")
        days = (number + luck.random()) * 365 / (people * JOIN_PER_YEAR)
        person = draw_worker(luck, founded + timedelta(days=1 + int(days)), newcomer=True)
        choice = bosses[person.department] or [staff[0].person_id]
        joiners.append(replace(person, manager_id=choice[int(luck.random() * len(choice))]))
    numbered = _numbered(joiners, FIRST_ID + people)
    return [_with_title(person) for person in numbered]


def _with_title(person: Worker) -> Worker:
    return replace(person, title=job_title(person.department, person.grade, leads=False))


def _life(seed: int, person: Worker, founded: date) -> tuple[Turn, ...]:
    return foretell(Random(f"company|{seed}|life|{person.person_id}"), person, max(founded, person.joined))


def _monthly(first: date, months: int) -> list[date]:
    """The day itself and the same day of the months after it, the 28th at the latest."""
    day = min(first.day, 28)
    later = (divmod(first.month - 1 + month, 12) for month in range(1, months + 1))
    return [first, *(date(first.year + years, month + 1, day) for years, month in later)]
