"""Check in: ask whether they have met, how it goes, and see which matches have gone quiet."""

from datetime import datetime

from cohortflow.engine import flow
from flows.carry import Turn, carry, mails_of
from schemas.changes import Changes
from schemas.rows import each_row
from tasks.audiences import without_paused
from tasks.check_ins import quiet_matches, unanswered_check_ins


@flow("check-in", run_name="{cohort_id} · {moment}")
def check_in(cohort_id: str, moment: str, now: datetime) -> int:
    """Carry a cohort through its check-ins as far as they are ready."""
    return carry(cohort_id, "check_in", now, decide)


def decide(turn: Turn) -> Changes:
    """What one ready occasion of a check-in asks for."""
    match turn.action:
        case "open":
            return Changes()
        case "close":
            return look_for_quiet_matches(turn)
        case _:
            return mails_of(turn)


def look_for_quiet_matches(turn: Turn) -> Changes:
    """A check-in has closed: flag the matches with a sign of trouble, and unflag those that are well again."""
    standing, signals, matches = turn.standing, turn.cohort.program.at_risk, turn.standing.matches
    if turn.cohort.program.people.when_someone_is_on_leave == "pause":
        matches = without_paused(matches, turn.people)  # they were asked nothing
    quiet = quiet_matches(matches, standing.answers, signals, turn.now)
    signs = dict(zip(quiet["match_id"], quiet["sign"], strict=True))
    number = int(turn.claim.details["n"])
    for signal in signals:
        if signal.kind == "no_reply":
            for match_id in unanswered_check_ins(matches, standing.answers, number, signal.n or 1):
                signs.setdefault(match_id, signal.text)
    changes = Changes()
    active = matches[matches["state"] == "active"]
    for match in each_row(active):
        flagged = match.at_risk_since == match.at_risk_since and match.at_risk_since is not None
        if match.match_id in signs and not flagged:
            changes.matches[match.match_id] = {"at_risk_since": turn.now}
            changes.note("match.at_risk", turn.claim.key, match.match_id, sign=signs[match.match_id])
        elif flagged and match.match_id not in signs:
            changes.matches[match.match_id] = {"at_risk_since": None}
            changes.note("match.well_again", turn.claim.key, match.match_id)
    return changes
