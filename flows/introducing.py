"""Introduce those who were away when their match was announced: who comes back has a partner they never heard of."""

from collections.abc import Collection, Iterator
from datetime import datetime

import pandas as pd

from cohortflow.programs.anchors import CohortDates
from cohortflow.programs.waiting import NEW_PAIR, WaitingMail, waiting_mails
from cohortflow.store.departures import BACK
from cohortflow.store.frames import Standing
from flows.house import House
from schemas.changes import PAIRED_MATCH, Intent
from schemas.rows import each_row
from tasks.intents import Sending, ask_of, mails_to_queue

Told = Collection[tuple[str, str, str]]


def introductions(house: House, standing: Standing, people: pd.DataFrame, told: Told, now: datetime) -> list[Intent]:
    """The announcements that people at work have missed, each about one match.

    Args:
        people: the roster rows of everybody who takes part.
        told: who was to get which mail about which match, and not only to be on leave: person, template, match.
    """
    cohort, wording = standing.cohort, house.wording()
    ends_at = CohortDates(cohort).closes_at(cohort.ends)
    found: list[Intent] = []
    if now >= ends_at:
        return found
    for mail in waiting_mails(cohort, "approval", ("match",)):
        send, to = mail.mail.line.send, mail.mail.line.to
        if to not in NEW_PAIR:
            continue
        folder = house.folder_of(cohort.program_id, mail.stage, send)
        for match_id, readers in _missed(standing, mail, people, told):
            sending = Sending(BACK, folder, send, to, match_id, now, {}, ends_at)
            ask = ask_of(cohort, mail.stage, send, 0, match_id)
            found += mails_to_queue.fn(sending, readers, people, cohort, ask, None, wording, now)
    return found


def _missed(
    standing: Standing, mail: WaitingMail, people: pd.DataFrame, told: Told
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The matches that were announced while somebody was away, and whom to tell of them now."""
    here = set(people.loc[people["status"] == "active", "person_id"])
    send, to = mail.mail.line.send, mail.mail.line.to
    whole = standing.occasions.get((mail.key, "-"))
    for match in each_row(standing.matches[standing.matches["state"].isin(PAIRED_MATCH)]):
        if standing.occasions.get((mail.key, match.match_id), whole) != "done":
            continue
        sides = [(match.mentee_id, "mentee"), (match.mentor_id, "mentor")]
        rows = [
            [person_id, role, (match.match_id,), (match.match_id,)]
            for person_id, role in sides
            if person_id in here and (person_id, send, match.match_id) not in told and to in (f"{role}s", *NEW_PAIR[:2])
        ]
        if rows:
            yield match.match_id, pd.DataFrame(rows, columns=["person_id", "role", "match_ids", "abouts"])
