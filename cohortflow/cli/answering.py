"""`cohortflow answer`: take in what people filled in elsewhere, joined by employee id or exact work address."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from cohortflow.cli.finding import nearest
from cohortflow.cli.running import at_home, known_row
from cohortflow.cli.words import count, say
from cohortflow.programs.cohorts import Cohort
from cohortflow.store import frames, people
from cohortflow.store.frames import Standing
from flows.answers import take_in_answers
from flows.house import House
from schemas.changes import PAIRED_MATCH
from schemas.errors import CohortflowError, DataError
from schemas.forms import clean_answer
from schemas.occasions import NOT_NARROWED
from schemas.replies import Reply
from tasks.answer_columns import EMAIL_COLUMNS, PERSON_COLUMNS
from tasks.answer_file import AnswerFile, AnswerRow, read_answer_file
from tasks.what_is_asked import reason_not_asked

ROW = "(row)"  # the column of a fault that no single cell is to blame for
NOBODY = "nobody in the roster has this employee id or work address"
TWO_PEOPLE = "the employee id and the address belong to two people; correct one of them"
NO_MATCH = "this person has no match to answer about"
SEVERAL = "this person has several matches; add a column Match that says which"


@dataclass
class Sorted:
    """The rows of a file: what can be taken in, what is known already, and what goes to quarantine."""

    replies: list[tuple[int, Reply]] = field(default_factory=list)
    older: set[int] = field(default_factory=set)
    unchanged: int = 0
    replaced: int = 0
    cells: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, row: int, code: str, reason: str) -> None:
        """Put a whole row into quarantine."""
        self.cells.append({"row": row, "column": ROW, "code": code, "reason": reason, "value": None})


def take_in(file: Path, cohort_id: str, form: str, occasion: str, columns: list[str]) -> int:
    """Take in a file of answers and print what became of its rows; 1 when it held none that can be taken.

    Raises:
        CohortflowError: the cohort, the form or a column is not known; then nothing was stored.
    """
    content = file.read_bytes()
    with at_home() as house:
        with house.database.read() as db:
            known_row(db, cohort_id)
        standing = frames.read_standing(house.database, cohort_id)
        reading = _read(content, file.name, standing.cohort, form, _mapping(columns))
        key = _asked_at(standing, form, occasion) if occasion else occasion_of(standing, form)
        now = house.now()
        found = _sort(house, standing, reading, form, key, now)
        told = take_in_answers(house, cohort_id, [reply for _, reply in found.replies], now, via="csv")
        for refused in told:
            found.refuse(found.replies[refused.number][0], "refused", refused.reason)
        with house.database.write() as db:
            people.put_in_quarantine(db, hashlib.sha256(content).hexdigest(), file.name, found.cells)
    found.older -= {cell["row"] for cell in found.cells}
    taken = len(found.replies) - len(told) - len(found.older)
    _print_summary(file.name, key, reading, found, taken)
    return 0 if taken or found.unchanged or found.older or not reading.rows_in else 1


def _mapping(columns: list[str]) -> dict[str, str]:
    pairs = [each.rpartition("=") for each in columns]
    for header, _, question in pairs:
        if not header.strip() or not question.strip():
            raise CohortflowError(f"--map {header or question!r}: write 'Header=question', as in 'How was it?=useful'")
    return {header.strip(): question.strip() for header, _, question in pairs}


def _read(content: bytes, name: str, cohort: Cohort, form: str, columns: Mapping[str, str]) -> AnswerFile:
    if form not in cohort.forms:
        raise CohortflowError(f"{cohort.id}: there is no form {form!r}; {nearest(form, list(cohort.forms))}")
    own = cohort.program.people.columns
    reading = read_answer_file.fn(
        content,
        cohort.forms[form],
        file=name,
        columns=columns,
        person_columns=tuple(dict.fromkeys((own.get("id", PERSON_COLUMNS[0]), *PERSON_COLUMNS))),
        email_columns=tuple(dict.fromkeys((own.get("email", EMAIL_COLUMNS[0]), *EMAIL_COLUMNS))),
    )
    if reading.problem:
        raise DataError(reading.problem)
    return reading


# --- what the answers are to --------------------------------------------------------------------------------------


def _asked_at(standing: Standing, form: str, occasion: str) -> str:
    if reason := reason_not_asked(standing.cohort, form, occasion, (key for key, _ in standing.occasions)):
        raise CohortflowError(f"{standing.cohort.id}: --occasion {reason}")
    return occasion


def occasion_of(standing: Standing, form: str) -> str:
    """The occasion a form is filled in for, where the command does not say.

    Raises:
        CohortflowError: it cannot be told from the form.
    """
    stages = standing.cohort.program.stages
    known = {
        "rematch": "rematch",
        "goals": "goals.ask",
        "first_meeting": "check_in.first_meeting",
        "accept": "match.accept",
        stages.orient.survey: "orient",
        stages.orient.agreement: "orient",
        stages.evaluate.survey: "evaluate",
        stages.recruit.form: "recruit",
    }
    if form == stages.check_in.survey:
        return _open_check_in(standing)
    if form not in known:
        raise CohortflowError(f"{standing.cohort.id}: nothing in this program asks for the form {form!r}")
    return known[form]


def _open_check_in(standing: Standing) -> str:
    states = standing.occasions
    opened = [key for (key, about), state in states.items() if _is_check_in(key) and about == "-" and state == "done"]
    still = [key for key in opened if states.get((f"{key}.closes", "-")) == "pending"]
    if not still:
        raise CohortflowError(
            f"{standing.cohort.id}: no check-in is open; `cohortflow status {standing.cohort.id}` shows when one is, "
            "or name one with --occasion"
        )
    return max(still, key=lambda key: int(key.split("#")[1]))


def _is_check_in(key: str) -> bool:
    return key.startswith("check_in#") and "." not in key


def is_about_a_match(cohort: Cohort, form: str) -> bool:
    """Whether the form is asked for each match of a person."""
    return form in ("accept", "goals", "first_meeting", "rematch", cohort.program.stages.check_in.survey)


# --- whose answers they are ---------------------------------------------------------------------------------------


def _sort(house: House, standing: Standing, reading: AnswerFile, form: str, key: str, now: datetime) -> Sorted:
    found = Sorted(cells=[_cell(refusal) for refusal in reading.refused])
    with house.database.read() as db:
        ids = set(people.roster(db, {row.person_id for row in reading.rows if row.person_id})["person_id"])
        by_email = people.id_by_email(db, {row.email for row in reading.rows if row.email})
    zone = ZoneInfo(standing.cohort.program.calendar.time_zone)
    for row in reading.rows:
        if not row.current:
            found.replaced += 1
            continue
        person, problem = _person(row, ids, by_email)
        about, trouble = _about(standing, row, person, form) if person else ("", None)
        if problem or trouble:
            found.refuse(row.row, "unmatched", problem or trouble or "")
            continue
        at = min(row.at.replace(tzinfo=zone), now) if row.at else now
        reply = Reply(person, form, key, row.given, at, about, row.role)
        known = _known(standing, reply)
        if _is_unchanged(standing, reply, known):
            found.unchanged += 1
            continue
        if not known.empty and reply.at < known.iloc[0]["answered_at"]:
            found.older.add(row.row)
        found.replies.append((row.row, reply))
    return found


def _cell(refusal: Any) -> dict[str, Any]:
    return {name: getattr(refusal, name) for name in ("row", "column", "code", "reason", "value")}


def _person(row: AnswerRow, ids: set[str], by_email: Mapping[str, str]) -> tuple[str, str | None]:
    """Who filled it in: nothing is guessed, and nobody answers for two."""
    by_id = row.person_id if row.person_id in ids else None
    by_address = by_email.get((row.email or "").lower())
    if by_id and by_address and by_id != by_address:
        return "", TWO_PEOPLE
    person = by_id or by_address
    return (person, None) if person else ("", NOBODY)


def _about(standing: Standing, row: AnswerRow, person: str, form: str) -> tuple[str, str | None]:
    if row.about:
        return row.about, None
    if not is_about_a_match(standing.cohort, form):
        return NOT_NARROWED, None
    live = standing.matches[standing.matches["state"].isin(PAIRED_MATCH)]
    mine = live.loc[(live["mentee_id"] == person) | (live["mentor_id"] == person), "match_id"].tolist()
    if len(mine) == 1:
        return mine[0], None
    return "", SEVERAL if mine else NO_MATCH


def _known(standing: Standing, reply: Reply) -> pd.DataFrame:
    """The answer that stands, if there is one."""
    given = standing.answers
    return given[
        (given["person_id"] == reply.person_id)
        & (given["form"] == reply.form)
        & (given["occasion"] == reply.occasion)
        & (given["about"] == reply.about)
    ]


def _is_unchanged(standing: Standing, reply: Reply, known: pd.DataFrame) -> bool:
    """Whether the very same answer stands already: a file taken in twice changes nothing."""
    if known.empty:
        return False
    roles = standing.participants.set_index("person_id")["role"]
    role = str(roles.get(reply.person_id, reply.role or "mentee"))
    body, faults = clean_answer(standing.cohort.forms[reply.form], role, reply.given)  # type: ignore[arg-type]
    plain = {key: value.isoformat() if isinstance(value, date) else value for key, value in body.items()}
    return not faults and plain == known.iloc[0]["body"]


def _print_summary(name: str, key: str, reading: AnswerFile, found: Sorted, taken: int) -> None:
    bad_rows = {cell["row"] for cell in found.cells}
    say(f"{name}: {count(reading.rows_in, 'row')} about {key}")
    say(f"  {count(taken, 'answer')} taken in")
    if found.unchanged:
        say(f"  {count(found.unchanged, 'answer')} known already")
    if found.older:
        say(f"  {count(len(found.older), 'answer')} older than what is known, kept beside it; nothing changed")
    if found.replaced:
        say(f"  {count(found.replaced, 'row')} replaced by a later one of the same person")
    if bad_rows:
        say(f"  {count(len(bad_rows), 'row')} in quarantine:")
    for cell in sorted(found.cells, key=lambda cell: (cell["row"], cell["column"]))[:20]:
        where = f"row {cell['row']}" if cell["column"] == ROW else f"row {cell['row']}, {cell['column']}"
        say(f"    {where}: {cell['reason']}")
    if len(found.cells) > 20:
        say(f"    and {len(found.cells) - 20} more")
    if reading.unanswered:
        say(f"  no column answers: {', '.join(reading.unanswered)}")
