"""Take answers in: the one way for a page, a file or a robot to say what a person said."""

from datetime import datetime

import pandas as pd
from sqlalchemy.engine import Connection

from cohortflow.store import frames, people
from cohortflow.store.decisions import record_decision
from cohortflow.store.record import Overtaken
from flows.house import House
from schemas.errors import CohortflowError
from schemas.replies import Refused, Reply
from tasks.answers import decide_answers

TRIES = 8


def take_in_answers(house: House, cohort_id: str, replies: list[Reply], now: datetime, *, via: str) -> list[Refused]:
    """Store answers and everything they set off (mails that answer them too) in one transaction.

    Returns:
        The replies that were not taken, each with its reason.

    Raises:
        CohortflowError: the cohort is unknown, or kept changing; then nothing was stored.
    """
    for _ in range(TRIES):
        standing = frames.read_standing(house.database, cohort_id)
        with house.database.read() as db:
            known = _people_concerned(db, standing, replies)
            given = frames.answered_at(db, cohort_id, {reply.person_id for reply in replies})
        changes, refused = decide_answers.fn(
            standing.cohort,
            standing.occasions,
            standing.participants,
            standing.matches,
            known,
            given,
            replies,
            house.wording(),
            now,
            via,
        )
        if not changes.answers:
            return refused
        try:
            record_decision(standing, changes, now=now, actor=f"participants via {via}")
        except Overtaken:
            continue
        return refused
    raise CohortflowError(
        f"{cohort_id}: the cohort kept changing while answers came in; nothing was lost, send them again"
    )


def _people_concerned(db: Connection, standing: frames.Standing, replies: list[Reply]) -> pd.DataFrame:
    ids = {reply.person_id for reply in replies}
    pairs = standing.matches
    concerned = pairs[pairs["mentee_id"].isin(ids) | pairs["mentor_id"].isin(ids)]
    ids |= set(concerned["mentee_id"]) | set(concerned["mentor_id"])
    return people.roster(db, ids)
