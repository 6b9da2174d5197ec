"""Founding the synthetic company: who works where, at which grade, and who reports to whom on its first day."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from cohortflow.simulation.names import FAMILY, FEMALE, MALE, NEUTRAL, mailbox

GRADES = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8")
GRADE_SHARES = (0.13, 0.19, 0.22, 0.18, 0.12, 0.09, 0.05, 0.02)
SITES = {"Berlin": 0.55, "Pune": 0.25, "Austin": 0.20}
DEPARTMENTS = {
    "Engineering": 0.28,
    "Sales": 0.16,
    "Customer Success": 0.13,
    "Operations": 0.12,
    "Product": 0.10,
    "Finance": 0.07,
    "Marketing": 0.06,
    "People": 0.05,
    "Legal": 0.03,
}
PROFESSIONS = {
    "Engineering": "Engineer",
    "Sales": "Account Executive",
    "Customer Success": "Customer Consultant",
    "Operations": "Operations Specialist",
    "Product": "Product Manager",
    "Finance": "Financial Analyst",
    "Marketing": "Marketing Specialist",
    "People": "People Partner",
    "Legal": "Counsel",
}
LOCAL_LANGUAGES = {
    "Berlin": (("de", 0.78), ("pl", 0.05), ("tr", 0.06), ("fr", 0.08)),
    "Austin": (("es", 0.34), ("vi", 0.03)),
    "Pune": (("hi", 0.86), ("mr", 0.55), ("ta", 0.07)),
}
SPAN_OF_CONTROL = 8
FIRST_MANAGER_GRADE = GRADES.index("P5")


@dataclass(frozen=True, slots=True)
class Worker:
    """One row of the roster."""

    person_id: str
    email: str
    name: str
    manager_id: str
    department: str
    title: str
    grade: str
    site: str
    joined: date
    languages: tuple[str, ...]
    status: str
    gender: str


def fixed_staff(on: date) -> tuple[Worker, ...]:
    """Who is there whatever the seed: the head, the two who approve matches, and a name that is a word for nothing."""
    years_ago = (on - timedelta(days=365 * years + 40) for years in (12, 6, 4, 2))
    rows = (
        ("Marta Silva", "Operations", "P8", "Female", ("en", "de", "pt")),
        ("Dana Reyes", "People", "P7", "Female", ("en", "de", "es")),
        ("Jo Lang", "People", "P6", "Nonbinary", ("en", "de")),
        ("None", "Operations", "P2", "Male", ("en", "hi")),
    )
    return tuple(
        Worker(
            "", f"{mailbox(name)}@acme.example", name, "", department, "", grade, site, joined, spoken, "Active", sex
        )
        for (name, department, grade, sex, spoken), site, joined in zip(
            rows, ("Berlin", "Berlin", "Berlin", "Pune"), years_ago, strict=True
        )
    )


def draw(luck: float, shares: Iterable[tuple[str, float]]) -> str:
    """The item in whose share of the whole `luck` (0 to 1) falls."""
    items = list(shares)
    left = luck * sum(share for _, share in items)
    for item, share in items:
        left -= share
        if left < 0:
            return item
    return items[-1][0]


def draw_name(luck: Random) -> tuple[str, str]:
    """A name and the gender that HR has on file, which a few leave blank."""
    kind = luck.random()
    gender, first_names = (
        ("Female", FEMALE) if kind < 0.47 else ("Male", MALE) if kind < 0.955 else ("Nonbinary", NEUTRAL)
    )
    first = first_names[int(luck.random() * len(first_names))]
    if luck.random() < 0.02:
        gender = ""
    if luck.random() < 0.003:
        first = "True"
    return f"{first} {FAMILY[int(luck.random() * len(FAMILY))]}", gender


def draw_languages(luck: Random, site: str) -> tuple[str, ...]:
    """English nearly always, and what is spoken at the site."""
    local = tuple(language for language, share in LOCAL_LANGUAGES[site] if luck.random() < share)
    return ("en", *local) if luck.random() < 0.97 or not local else local


def draw_worker(luck: Random, joined_by: date, *, newcomer: bool = False) -> Worker:
    """Somebody without id, address and manager; a newcomer joins on the day, the others joined before it."""
    name, gender = draw_name(luck)
    site = draw(luck.random(), SITES.items())
    shares = GRADE_SHARES[:6] if newcomer else GRADE_SHARES
    grade = draw(luck.random(), zip(GRADES, shares, strict=False))
    typical_years = 1.2 + 0.9 * GRADES.index(grade)
    days_ago = 0 if newcomer else min(int(luck.expovariate(1 / (365 * typical_years))), 365 * 22)
    department = draw(luck.random(), DEPARTMENTS.items())
    joined = joined_by - timedelta(days=days_ago)
    return Worker("", "", name, "", department, "", grade, site, joined, draw_languages(luck, site), "Active", gender)


def job_title(department: str, grade: str, *, leads: bool) -> str:
    """What the card on the door says: two ladders, one for those who lead people."""
    if leads:
        rank = {"P5": "Team Lead", "P6": "Senior Manager", "P7": "Director", "P8": "Vice President"}[grade]
        return f"{rank}, {department}"
    ladder = ("Junior", "", "Senior", "Lead", "Staff", "Principal", "Distinguished", "Chief")
    return f"{ladder[GRADES.index(grade)]} {PROFESSIONS[department]}".strip()


def with_addresses(people: Sequence[Worker], taken: set[str]) -> list[Worker]:
    """Everyone with an address nobody else has; a second Ana Silva is ana.silva2."""
    addressed = []
    seen: dict[str, int] = defaultdict(int)
    for person in people:
        local = mailbox(person.name)
        address = person.email or f"{local}@acme.example"
        while address in taken:
            seen[local] = max(seen[local], 1) + 1
            address = f"{local}{seen[local]}@acme.example"
        taken.add(address)
        addressed.append(replace(person, email=address))
    return addressed


def with_managers(people: Sequence[Worker]) -> list[Worker]:
    """The org tree: each reports to someone of a higher grade in the department, its head reports to the first row."""
    head = people[0]
    by_department: dict[str, list[Worker]] = defaultdict(list)
    for person in people[1:]:
        by_department[person.department].append(person)
    manager_of = {head.person_id: ""}
    for members in by_department.values():
        manager_of |= _department_tree(members, head)
    leads = set(manager_of.values())
    return [_titled(replace(person, manager_id=manager_of[person.person_id]), leads) for person in people]


def _titled(person: Worker, leads: set[str]) -> Worker:
    if not person.manager_id:
        return replace(person, title="Chief Executive Officer")
    title = job_title(
        person.department,
        person.grade,
        leads=person.person_id in leads and GRADES.index(person.grade) >= FIRST_MANAGER_GRADE,
    )
    return replace(person, title=title)


def _department_tree(members: Sequence[Worker], head: Worker) -> dict[str, str]:
    """Who manages whom in one department: the nearest higher grade with room, the own site before another."""
    ranked = sorted(members, key=lambda person: (-GRADES.index(person.grade), person.joined, person.person_id))
    lead, reports = ranked[0], {person.person_id: 0 for person in ranked}
    by_grade: dict[int, list[Worker]] = defaultdict(list)
    for person in ranked:
        by_grade[GRADES.index(person.grade)].append(person)
    manager_of = {lead.person_id: head.person_id}
    for person in ranked[1:]:
        manager = _manager_for(person, by_grade, reports) or (lead if lead.grade > person.grade else head)
        manager_of[person.person_id] = manager.person_id
        reports[manager.person_id] = reports.get(manager.person_id, 0) + 1
    return manager_of


def _manager_for(person: Worker, by_grade: dict[int, list[Worker]], reports: dict[str, int]) -> Worker | None:
    for grade in range(max(GRADES.index(person.grade) + 1, FIRST_MANAGER_GRADE), len(GRADES)):
        free = [candidate for candidate in by_grade[grade] if reports[candidate.person_id] < SPAN_OF_CONTROL]
        if free:
            return min(free, key=lambda boss: (boss.site != person.site, reports[boss.person_id], boss.person_id))
    return None
