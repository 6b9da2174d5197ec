"""Keep calendars true: whoever was invited hears when it moves, or when it is off."""

from cohortflow.store import invitations
from flows.carry import Turn
from schemas.changes import Changes
from tasks.invitations import Desk, news_of_ended_match, news_of_event


def tell_invited(turn: Turn) -> Changes:
    """An edit moved what a mail had invited to, or called it off."""
    desk = Desk(turn.cohort, turn.people, turn.house.wording(), turn.now)
    with turn.house.database.read() as db:
        carried = invitations.carried(db, turn.cohort.id)
    return news_of_event(desk, turn.claim.key, carried, turn.standing.matches)


def call_off(turn: Turn) -> Changes:
    """A match ended before what its people had been invited to."""
    desk = Desk(turn.cohort, turn.people, turn.house.wording(), turn.now)
    with turn.house.database.read() as db:
        carried = invitations.carried(db, turn.cohort.id)
    return news_of_ended_match(desk, turn.claim.about, carried, turn.standing.matches)
