"""What a cohort asks of people: mails per person and week by role, and hours of mentors, approvers and owner."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from cohortflow.programs.anchors import CohortDates
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.expected import Entry, week_of
from cohortflow.programs.forecast import NONE, Range, Sizes
from cohortflow.programs.occasions import event_of

ROLES = ("mentee", "mentor", "manager", "approver", "owner", "sponsor")
# Whoever waits for a place gets that mail instead of those about a match, so it adds to nobody's load.
ROLES_OF = {
    "managers of matched": ("manager",),
    "mentors": ("mentor",),
    "mentees": ("mentee",),
    "approvers": ("approver",),
    "owner": ("owner",),
    "sponsor": ("sponsor",),
    "unmatched": (),
}
MEETINGS_A_WEEK = Range(1 / 4, 1 / 2, 1)


@dataclass(frozen=True)
class Load:
    """Mails to one person of a role in a week: those everybody gets, and reminders to who has not answered."""

    mails: int
    reminders: int

    @property
    def most(self) -> int:
        """For somebody who answers nothing."""
        return self.mails + self.reminders


@dataclass(frozen=True)
class Work:
    """One kind of work: how often it comes, and the minutes it takes each time."""

    what: str
    times: Range
    minutes: Range

    @property
    def hours(self) -> Range:
        """All of it."""
        return self.times * self.minutes * Range(1 / 60, 1 / 60, 1 / 60)


def roles_of(to: str | None) -> tuple[str, ...]:
    """The roles an audience is made of."""
    return ROLES_OF.get(to or "", ("mentee", "mentor")) if to else ()


def loads(entries: Iterable[Entry]) -> dict[date, dict[str, Load]]:
    """By the Monday of each week, the load of each role that gets anything in it."""
    counted: dict[date, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for entry in entries:
        kind = "reminders" if entry.occasion.to == "no_response" else "mails"
        for role in roles_of(entry.occasion.to):
            counted[week_of(entry.day)][role][kind] += 1
    return {
        week: {role: Load(number["mails"], number["reminders"]) for role, number in sorted(roles.items())}
        for week, roles in sorted(counted.items())
    }


def total_hours(work: Iterable[Work]) -> Range:
    """The hours of several kinds of work."""
    return sum((each.hours for each in work), NONE)


def mentor_work(cohort: Cohort, entries: Iterable[Entry]) -> list[Work]:
    """What one mentor gives from the first to the last day; all of it is an assumption but the number of mails."""
    most = cohort.program.mentees_per_mentor
    weeks = (cohort.ends - cohort.starts).days / 7
    mentees = Range(1, (1 + most) / 2, most)
    meetings = Range(weeks, weeks, weeks) * MEETINGS_A_WEEK * mentees
    training = cohort.program.stages.orient.training
    work = [
        Work("Meetings, each an hour; once in four weeks, every second week, or weekly", meetings, _same(60)),
        Work("Preparing a meeting", meetings, Range(0, 15, 30)),
        *_events(cohort, entries),
        Work("Forms and surveys", _same(forms_of(cohort)), Range(2, 5, 8)),
    ]
    if training and training.mentors:
        work.append(Work(f"Training {training.mentors}", _same(1), Range(30, 60, 120)))
    return work


def forms_of(cohort: Cohort) -> int:
    """How many forms one person of a match is asked for, from the application to the final survey."""
    program, stages = cohort.program, cohort.program.stages
    once = (stages.match.accept, stages.orient.agreement, stages.orient.survey, stages.check_in.first_meeting)
    return 2 + sum(each is not None for each in (*once, program.goals)) + len(CohortDates(cohort).check_ins)


def _events(cohort: Cohort, entries: Iterable[Entry]) -> Iterator[Work]:
    """The meetings that mails invite to, by the calendar file they carry."""
    for entry in entries:
        event = event_of(cohort, entry.occasion) if "mentor" in roles_of(entry.occasion.to) else None
        if event:
            minutes = (event[1] - event[0]).total_seconds() / 60
            yield Work(f"{str(entry.occasion.send).replace('_', ' ').capitalize()}", _same(1), _same(minutes))


def owner_work(cohort: Cohort, sizes: Sizes, mails: Range, reports: int) -> list[Work]:
    """What the owner of the program gives to one cohort."""
    first_day = cohort.starts
    weeks = (cohort.ends - first_day).days / 7 + 8
    pairs = sizes.mentees
    return [
        Work("Declaring the cohort and reading this plan", _same(1), Range(60, 120, 240)),
        Work("Replies to mails: 1, 3 or 6 in a hundred", mails * Range(0.01, 0.03, 0.06), Range(3, 4, 6)),
        Work("A weekly look at how it stands, from eight weeks before the start", _same(weeks), Range(5, 15, 30)),
        Work("Pairs in trouble: 3, 10 or 20 in a hundred", pairs * Range(0.03, 0.1, 0.2), Range(20, 40, 60)),
        Work("Reading and passing on a report", _same(reports), Range(20, 45, 90)),
    ]


def approver_work(sizes: Sizes) -> list[Work]:
    """What the approvers give, together."""
    return [Work("Looking at a proposed pair", sizes.mentees, Range(0.5, 1, 3))]


def _same(number: float) -> Range:
    return Range(number, number, number)
