"""What happened in a life, in numbers."""

from cohortflow.cli.words import count, tally
from cohortflow.simulation.driver import Life
from cohortflow.store import overview, tallies
from schemas.changes import LIVE_MATCH


def sum_up(life: Life) -> list[tuple[str, str]]:
    """Label and words, line by line."""
    cohort_id = life.cohort.id
    with life.house.database.read() as db:
        people, matches = overview.participant_rows(db, cohort_id), overview.match_rows(db, cohort_id)
        mails, states = tallies.message_states(db, cohort_id), tallies.participant_states(db, cohort_id)
    applied = {role: sum(each["role"] == role and each["applied_at"] is not None for each in people) for role in ROLES}
    first = [match for match in matches if match["round"] == 1]
    ended = [match["end_reason"] for match in matches if match["end_reason"]]
    still = sum(match["state"] in LIVE_MATCH for match in matches)
    again = len(matches) - len(first)
    refused = len(life.refused)
    return [
        ("days", f"{life.began_at:%Y-%m-%d} to {life.now:%Y-%m-%d}, {count(life.passes, 'instant')}"),
        ("invited", count(len(people), "person", "people")),
        ("applied", f"{count(applied['mentee'], 'mentee')}, {count(applied['mentor'], 'mentor')}"),
        ("pairs", f"{len(first):,} proposed at first, {again:,} in rematches; {still:,} still going"),
        (
            "completed",
            f"{count(ended.count('completed'), 'pair')}, {count(states.get('completed', 0), 'person', 'people')}",
        ),
        (
            "ended early",
            tally({reason: ended.count(reason) for reason in dict.fromkeys(ended) if reason != "completed"}),
        ),
        ("left", count(states.get("left", 0), "person", "people")),
        ("answers", f"{life.replies - refused:,} taken, {refused:,} refused (too late, or not theirs to give)"),
        ("mails", tally(mails)),
    ]


ROLES = ("mentee", "mentor")
