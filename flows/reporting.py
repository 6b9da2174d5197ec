"""The report of a cohort as it stands: figures by the tasks, the page by the mailroom."""

from datetime import datetime
from typing import Any

import pandas as pd

from cohortflow.mailroom.attachments import Attachment
from cohortflow.mailroom.report import render_report
from cohortflow.programs.cohorts import Cohort
from cohortflow.store import frames, people
from flows.house import House
from schemas.report import CohortFacts
from tasks.evaluation import report_figures


def draw_report(house: House, cohort_id: str, now: datetime) -> str:
    """The report as a page of its own; it names nobody."""
    standing = frames.read_standing(house.database, cohort_id)
    with house.database.read() as db:
        asked = frames.asked(db, cohort_id)
        roster = people.roster(db, standing.participants["person_id"])
    cohort = standing.cohort
    facts = CohortFacts(
        seats=cohort.seats,
        starts=cohort.starts,
        ends=cohort.ends,
        eligible=len(standing.participants),
        invited=len(standing.participants),
    )
    tables: Any = (members_of(standing, roster), standing.matches, standing.answers, asked)
    figures = report_figures.fn(tables[0], tables[1], tables[2], tables[3], cohort.program.measure, facts, now)
    program = cohort.program
    # Whoever gets it is named by address: nobody knows their language, so it is the program's first, as in their mails.
    words = house.stationery().of(cohort.program_id).words(program.email.languages[0])
    return render_report(
        figures,
        words.say("program", "name") or program.name,
        words.cohort(cohort.key, cohort.name),
        company=program.company,
        purpose=words.say("program", "purpose") or program.purpose,
        words=words,
    )


def members_of(standing: frames.Standing, roster: pd.DataFrame) -> pd.DataFrame:
    """The participants with site, department and the instant they said yes to a match."""
    matches = standing.matches
    said_yes = pd.concat(
        [
            matches[["mentee_id", "mentee_accepted_at"]].set_axis(["person_id", "accepted_at"], axis=1),
            matches[["mentor_id", "mentor_accepted_at"]].set_axis(["person_id", "accepted_at"], axis=1),
        ]
    )
    first = said_yes.dropna().groupby("person_id", as_index=False).min()
    members = standing.participants[["person_id", "role", "state", "applied_at"]]
    members = members.merge(roster[["person_id", "site", "department"]], on="person_id", how="left")
    joined = members.merge(first, on="person_id", how="left")
    joined["accepted_at"] = pd.to_datetime(joined["accepted_at"], utc=True)
    return joined


def report_attachment(house: House, cohort: Cohort, now: datetime) -> Attachment:
    """The report as it goes with a mail."""
    page = draw_report(house, cohort.id, now)
    return Attachment("report.html", "text/html", page.encode())
