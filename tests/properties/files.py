"""What HR may do to the files of a small house, and what `docs/invariants.md` says becomes of an edit of a cohort's line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from invariants import Seen
from scene_files import COHORT, HEADER, PROGRAM, STAFF

NEIGHBOUR = "  2027-summer: { starts: 2027-04-12, ends: 2027-07-09, seats: 4 }\n"
SEATS = ("6", "2", "3", "4", "9")
ENDS = ("2027-05-28", "2027-05-14", "2027-06-25", "2027-06-11")
STARTS = ("2027-03-01", "2027-03-08", "2027-02-22")
CLOSES = ("", "2027-01-26", "2027-02-06", "2027-02-10", "2027-02-15", "2027-02-18")
REMINDERS = {
    "": "",
    "one": "7 days before closes",
    "none": "none",
    "one more": "7 days before closes, 2 days before closes, 1 day before closes",
    "put before": "10 days before closes, 7 days before closes, 2 days before closes",
}
EVERY = ("", "3 weeks", "6 weeks")
ZONE = ("", "Asia/Kathmandu")
LEVELS = ("", "P4 to P5", "P3 to P6")
EDITABLE: dict[str, tuple[str, ...]] = {
    "seats": SEATS,
    "ends": ENDS,
    "starts": STARTS,
    "closes": CLOSES,
    "reminders": tuple(REMINDERS),
    "every": EVERY,
    "zone": ZONE,
    "levels": LEVELS,
    "key": ("2027-spring", "2027-lente"),
}
PLAIN_LINE = {name: values[0] for name, values in EDITABLE.items()}
BODIES = {
    "as it was": PROGRAM,
    "another purpose": PROGRAM.replace("Help people find their way", "Help people grow"),
    "three weeks to apply": PROGRAM.replace("2 weeks after opens", "3 weeks after opens"),
    "a longer trial": PROGRAM.replace("6 weeks after start", "7 weeks after start"),
}
BREAKS = {
    "a bracket": lambda text: text + "cohorts: [\n",
    "a misspelt key": lambda text: text.replace("purpose:", "purpos:"),
    "no such day": lambda text: text.replace("ends: 2027", "ends: 2027-13"),
    "an alias": lambda text: text.replace("seats:", "seats: *many, more:"),
    "a tab": lambda text: text.replace("who:", "\twho:"),
    "nothing": lambda text: "",
    "bytes": lambda text: text + "\x00\x07",
}
OVER = ("done", "skipped")
A_MONTH_IN, THREE_DAYS = datetime(2027, 4, 1, tzinfo=UTC), timedelta(days=3)


@dataclass
class ProgramFile:
    """The program's file as HR has it in the editor."""

    line: dict[str, str] = field(default_factory=lambda: dict(PLAIN_LINE))
    body: str = "as it was"
    has_neighbour: bool = False
    broken: str = ""

    def text(self) -> str:
        """What is saved."""
        before = "  2027-spring: { starts: 2027-03-01, ends: 2027-05-28, seats: 6 }\n"
        assert before in BODIES[self.body]
        after = f"  {self.line['key']}: {yaml_of(self.line)}\n" + (NEIGHBOUR if self.has_neighbour else "")
        text = BODIES[self.body].replace(before, after)
        return BREAKS[self.broken](text) if self.broken else text


def yaml_of(line: Mapping[str, str]) -> str:
    """A cohort's line in YAML."""
    recruit = [f"closes: {line['closes']}"] if line["closes"] else []
    if line["reminders"]:
        recruit.append(f"emails: {_emails(line['reminders'])}")
    stages = [f"recruit: {{ {', '.join(recruit)} }}"] if recruit else []
    if line["every"]:
        stages.append(f"check_in: {{ every: {line['every']} }}")
    parts = [f"starts: {line['starts']}", f"ends: {line['ends']}", f"seats: {line['seats']}"]
    parts += [f"stages: {{ {', '.join(stages)} }}"] if stages else []
    parts += [f"calendar: {{ time_zone: {line['zone']} }}"] if line["zone"] else []
    parts += [f"who: {{ mentees: {{ level: {line['levels']} }} }}"] if line["levels"] else []
    return f"{{ {', '.join(parts)} }}"


def _emails(reminders: str) -> str:
    when = REMINDERS[reminders]
    reminder = f"{{ send: reminder, to: no_response, when: [{when}] }}, " if when != "none" else ""
    return (
        f"[{{ send: invite, to: eligible, when: opens }}, {reminder}"
        "{ send: application_received, to: applicant, when: on response }]"
    )


# --- what becomes of an edit --------------------------------------------------------------------------------------


def fates(seen: Seen, before: Mapping[str, str], after: Mapping[str, str], now: datetime) -> set[str]:
    """What may become of an edit of the line of a cohort that has begun: applied, waits, refused; by the table alone.

    Where the table leaves it open, because one edit says many things, more than one may be right.
    """
    changed = {name for name in after if after[name] != before[name]}
    state = {key: row["state"] for (cohort_id, key, about), row in seen.occasions.items() if cohort_id == COHORT}
    if changed & {"starts", "key"} or ("every" in changed and state["check_in#1"] in OVER):
        return {"refused"}
    if "zone" in changed and any(
        row["cohort_id"] == COHORT and row["state"] in ("accepted", "unknown") for row in seen.rows["messages"]
    ):
        return {"refused"}
    if changed == {"seats"}:
        return {_of_seats(seen, int(before["seats"]), int(after["seats"]))}
    if changed == {"closes"}:
        return _of_the_deadline(seen, before["closes"], after["closes"], now)
    if changed == {"reminders"}:
        return _of_reminders(seen, before["reminders"], after["reminders"], now)
    if changed == {"ends"} and now < A_MONTH_IN and after["ends"] > before["ends"]:
        return {"applied"}
    return {"applied", "waits", "refused"}


def _of_seats(seen: Seen, before: int, after: int) -> str:
    inside = ("applied", "waitlisted", "matched", "completed")
    mentees = [
        row
        for row in seen.rows["participants"]
        if row["cohort_id"] == COHORT and row["role"] == "mentee" and row["state"] in inside
    ]
    return "applied" if after >= before or after >= len(mentees) else "waits"


def _is_ahead(seen: Seen, key: str, now: datetime) -> bool:
    row = seen.occasions[COHORT, key, "-"]
    return bool(row["state"] == "pending" and row["due_at"] > now)


def _is_held(seen: Seen) -> bool:
    (row,) = (each for each in seen.rows["cohorts"] if each["cohort_id"] == COHORT)
    return row["state"] == "held" or row["roster_hold"] is not None


def _of_the_deadline(seen: Seen, before: str, after: str, now: datetime) -> set[str]:
    closes = seen.occasions[COHORT, "recruit.closes", "-"]
    if closes["state"] in OVER:
        return {"refused"}
    if not _is_ahead(seen, "recruit.closes", now):
        return {"refused", "waits", "applied"}
    day = date.fromisoformat(after or "2027-02-08")
    if day < now.date():
        return {"waits", "refused"}
    is_later = day > closes["due_on"] and not _is_held(seen)
    return {"applied"} if is_later else {"applied", "waits"}


def _of_reminders(seen: Seen, before: str, after: str, now: datetime) -> set[str]:
    first, second = (seen.occasions.get((COHORT, f"recruit.reminder#{n}", "-")) for n in (1, 2))
    done = [row["state"] in OVER for row in (first, second) if row]
    if any(done) and after in ("none", "put before") and before != "none":
        return {"refused"}
    if not any(done) and before == "" and after in ("one", "none") and _is_ahead(seen, "recruit.reminder#1", now):
        return {"waits"}
    closes = seen.occasions[COHORT, "recruit.closes", "-"]
    if before == "" and after == "one more" and closes["state"] == "pending" and closes["due_at"] > now + THREE_DAYS:
        return {"applied"}
    return {"applied", "waits", "refused"}


# --- the roster ---------------------------------------------------------------------------------------------------


@dataclass
class Roster:
    """The company as its HR system knows it; an export is what it says on a day."""

    status: dict[str, str] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)

    def lines(self) -> dict[str, str]:
        """The row of each person who is in the export."""
        found = {line.split(",")[0]: line for line in STAFF.splitlines()}
        return {
            person: line.removesuffix("Active") + self.status.get(person, "Active")
            for person, line in found.items()
            if person not in self.absent
        }

    def export(self, kind: str, person: str) -> str:
        """The file: whole, in another order, or with what goes wrong with files."""
        lines = self.lines()
        if kind == "a bad row" and person in lines:
            lines[person] = lines[person].replace("@", " at ")
        rows = list(lines.values())
        if kind == "in another order":
            rows = rows[3:][::-1] + rows[:3]
        if kind == "the same row twice" and person in lines:
            rows.append(lines[person])
        if kind == "two rows that differ" and person in lines:
            rows.append(lines[person].replace("Berlin", "Austin"))
        text = "\n".join([HEADER, *rows]) + "\n"
        if kind == "no such column":
            return text.replace("Employee ID", "Number")
        return text[:-30] if kind == "cut short" else text


STATUS: dict[str, str] = {"Active": "active", "Leave": "on_leave", "Terminated": "left"}
GOOD_FILES = ("whole", "in another order", "a bad row", "the same row twice")
FILES = (*GOOD_FILES, "whole", "in another order", "two rows that differ", "no such column", "cut short")


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A person's row without what only tells when it was read."""
    return {name: value for name, value in row.items() if name not in ("updated_on", "missing_since", "row_hash")}
