"""Whom a mail is for, decided when it is ready: a reminder goes only to who has not answered."""

import pandas as pd

from cohortflow.engine import task
from schemas.changes import PAIRED_MATCH, Ask
from schemas.rows import each_row

OUTSIDERS = ("owner", "approvers", "sponsor")
IN_THE_COHORT = ("applied", "waitlisted", "matched", "completed")
COLUMNS = ["person_id", "role", "match_ids", "abouts"]


@task
def audience(
    to: str,
    ask: Ask | None,
    participants: pd.DataFrame,
    matches: pd.DataFrame,
    answers: pd.DataFrame,
    people: pd.DataFrame,
    about: str = "-",
) -> pd.DataFrame:
    """The readers of a mail: person_id, role, match_ids (whom it speaks of), abouts (what they are asked about).

    Args:
        to: the audience's name, as the program file says it; not one of the outsiders.
        ask: what the mail asks for; `no_response` are those who have not answered all of it.
        about: the match a mail is narrowed to, or "-".

    Returns:
        One row per reader, by person_id. A mentor of two mentees is one reader with two matches.
    """
    lasted = (matches["state"] == "ended") & (matches["end_reason"] == "completed")
    pairs = matches[matches["state"].isin(PAIRED_MATCH) | lasted]
    if about != "-":
        pairs = pairs[pairs["match_id"] == about]
    readers = _readers(to, ask, participants, pairs, answers, people, about)
    present = people.loc[people["status"] == "active", "person_id"]
    return readers[readers["person_id"].isin(present)].sort_values("person_id").reset_index(drop=True)


def _readers(
    to: str,
    ask: Ask | None,
    participants: pd.DataFrame,
    pairs: pd.DataFrame,
    answers: pd.DataFrame,
    people: pd.DataFrame,
    about: str,
) -> pd.DataFrame:
    members = with_what_is_asked(members_of(pairs, participants), ask, about)
    if to in ("matched", "participants"):
        return members
    if to in ("mentors", "mentees"):
        return members[members["role"] == to.removesuffix("s")]
    if to == "no_response":
        asked = members if ask and ask.occasion != "recruit" else _in_state(participants, ("invited",))
        return still_to_answer(asked, ask, answers)
    if to == "managers of matched":
        return _managers(members, people)
    states = {"eligible": ("invited",), "applicants": IN_THE_COHORT, "applicant": IN_THE_COHORT}
    states |= {"unmatched": ("waitlisted",), "completed": ("completed",)}
    return _in_state(participants, states[to])


def without_paused(matches: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The matches of which nobody is on leave."""
    away = people.loc[people["status"] == "on_leave", "person_id"]
    return matches[~(matches["mentee_id"].isin(away) | matches["mentor_id"].isin(away))]


def without_undecided(matches: pd.DataFrame) -> pd.DataFrame:
    """The matches that have begun, or may begin: not those to which one of the two has yet to say yes."""
    return matches[matches["state"] != "approved"]


def _in_state(participants: pd.DataFrame, states: tuple[str, ...]) -> pd.DataFrame:
    chosen = participants[participants["state"].isin(states)]
    rows = [[row.person_id, row.role, (), ("-",)] for row in each_row(chosen)]
    return pd.DataFrame(rows, columns=COLUMNS)


def members_of(pairs: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
    """The people in some matches who still take part: person_id, role, match_ids."""
    gone = set(participants.loc[participants["state"].isin(("left", "withdrawn")), "person_id"])
    own: dict[tuple[str, str], list[str]] = {}
    for row in each_row(pairs):
        own.setdefault((row.mentee_id, "mentee"), []).append(row.match_id)
        own.setdefault((row.mentor_id, "mentor"), []).append(row.match_id)
    sides = [
        [person_id, role, tuple(sorted(ids)), ("-",)] for (person_id, role), ids in own.items() if person_id not in gone
    ]
    return pd.DataFrame(sides, columns=COLUMNS)


def with_what_is_asked(members: pd.DataFrame, ask: Ask | None, about: str) -> pd.DataFrame:
    """Say for each member what the question is about: each match, the one match, or the whole cohort."""
    if members.empty:
        return members
    asked = [match_ids if ask is not None and "match" in ask.abouts else (about,) for match_ids in members["match_ids"]]
    return members.assign(abouts=pd.Series(asked, index=members.index, dtype=object))


def still_to_answer(readers: pd.DataFrame, ask: Ask | None, answers: pd.DataFrame) -> pd.DataFrame:
    """Keep who has something left to answer, and only what is left."""
    if ask is None or readers.empty:
        return readers
    given = answers[answers["occasion"] == ask.occasion]
    answered = set(zip(given["person_id"], given["form"], given["about"], strict=True))
    left = [
        tuple(a for a in row.abouts if any((row.person_id, form, a) not in answered for form in ask.forms))
        for row in each_row(readers)
    ]
    kept = readers.assign(abouts=pd.Series(left, index=readers.index, dtype=object))
    kept = kept[[bool(open_) for open_ in left]]
    if "match" in ask.abouts and not kept.empty:
        kept = kept.assign(match_ids=kept["abouts"])
    return kept


def _managers(members: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The managers of some members, one row each, with the matches of their reports."""
    boss = people.set_index("person_id")["manager_id"]
    reports: dict[str, set[str]] = {}
    for row in each_row(members):
        manager = str(boss.get(row.person_id, ""))
        if manager:
            reports.setdefault(manager, set()).update(row.match_ids)
    rows = [[manager, "manager", tuple(sorted(ids)), ("-",)] for manager, ids in sorted(reports.items())]
    return pd.DataFrame(rows, columns=COLUMNS)
