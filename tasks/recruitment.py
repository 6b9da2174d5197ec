"""Recruit, decided: who may join, in which role and why not; and who gets a seat when more apply than there are."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import cast

import pandas as pd
from pandera.typing import DataFrame

from cohortflow.engine import task
from schemas.checked import checked
from schemas.errors import DataError
from schemas.program import Condition, Who
from schemas.tables import Application, Choice, Eligibility, Person

NOT_ACTIVE = {"left": "has left the company", "on_leave": "is on leave"}
# What a program calls a column of the roster, where the table has another name for it.
COLUMN_OF = {"tenure": "joined_on", "joined": "joined_on", "manager": "manager_id", "id": "person_id"}
ORDERED = {"at_or_above", "at_or_below", "between"}
CHOICES = ("earliest", "lottery", "best_fit", "owner_chooses")
TOO_MANY = "more people applied than there are seats"
WHY_WAITING = {
    "lottery": f"{TOO_MANY}; a lottery decided",
    "earliest": f"{TOO_MANY}; the earliest came first",
    "owner_chooses": f"{TOO_MANY}; the earliest came first, and the owner may choose otherwise",
}


@task
@checked
def eligible_people(people: DataFrame[Person], who: Who, levels: tuple[str, ...], on: date) -> DataFrame[Eligibility]:
    """Who may join, as what: one row per person of the roster, in its order.

    Whoever may be both gets the role mentee (mentors are then asked for separately; `may_be` says both). Whoever may
    be neither gets the first rule that fails, per role where the roles differ. What the roster does not say counts
    as not met, and the reason says so, because that is mended in the roster.
    """
    mentee_refusal = _refusals(people, who.mentees, levels, on)
    mentor_refusal = _refusals(people, who.mentors, levels, on)
    may_mentee, may_mentor = mentee_refusal.eq(""), mentor_refusal.eq("")
    result = pd.DataFrame({"person_id": people["person_id"], "role": None, "may_be": "", "reason": None}, dtype="str")
    result.loc[may_mentor, ["role", "may_be"]] = "mentor"
    result.loc[may_mentee, ["role", "may_be"]] = "mentee"
    result.loc[may_mentee & may_mentor, "may_be"] = "mentor;mentee"
    refused = ~may_mentee & ~may_mentor
    both = "as a mentee: " + mentee_refusal + "; as a mentor: " + mentor_refusal
    result.loc[refused, "reason"] = both.where(mentee_refusal.ne(mentor_refusal), mentee_refusal)[refused]
    return cast("DataFrame[Eligibility]", result)


@task
@checked
def choose_applicants(applicants: DataFrame[Application], seats: int, rule: str, seed: str) -> DataFrame[Choice]:
    """Who gets a seat when more mentees apply than there are; mentors are never turned away.

    `earliest` goes by the instant of applying. `lottery` draws by seed and person alone, so that neither the order
    of the rows nor a later application changes anybody's lot. `best_fit` turns nobody away here: everyone is matched
    for, and the match leaves out whom it serves least. `owner_chooses` lines people up as `earliest` does, and the
    owner may move them.

    Returns:
        One row per applicant, by person.
    """
    if rule not in CHOICES:
        raise DataError(f"if_more_apply: '{rule}' is not one of {', '.join(CHOICES)}")
    mentees = applicants[applicants["role"] == "mentee"]
    lined_up = _line_up(mentees, rule, seed)
    place = pd.Series(range(1, len(lined_up) + 1), index=lined_up, dtype="int64")
    places = applicants["person_id"].map(place).where(applicants["role"] == "mentee", 0).astype("int64")
    waits = (places > seats) & (rule != "best_fit")
    chosen = pd.DataFrame({"person_id": applicants["person_id"], "state": "applied", "place": places})
    chosen["state"] = chosen["state"].mask(waits, "waitlisted")
    return cast("DataFrame[Choice]", chosen.sort_values("person_id", ignore_index=True))


def _line_up(mentees: pd.DataFrame, rule: str, seed: str) -> list[str]:
    if rule == "lottery":
        return sorted(mentees["person_id"], key=lambda person: sha256(f"{seed}{person}".encode()).hexdigest())
    if rule == "best_fit" and "fit" in mentees.columns:
        best_first = mentees.sort_values(["fit", "applied_at", "person_id"], ascending=[False, True, True])
        return best_first["person_id"].tolist()
    return mentees.sort_values(["applied_at", "person_id"])["person_id"].tolist()


def _refusals(people: pd.DataFrame, rules: Mapping[str, Condition], levels: tuple[str, ...], on: date) -> pd.Series:
    """The first rule each person fails, in words; empty for whoever passes them all."""
    refusal = people["status"].map(NOT_ACTIVE).fillna("").astype("str")
    for key, condition in rules.items():
        column = COLUMN_OF.get(key, key)
        if column not in people.columns:
            raise DataError(f"who: the roster has no column '{key}'; map it under people.columns or take the rule out")
        values = _ranks(people[column], column, levels) if condition.op in ORDERED else people[column]
        known = values.notna() & values.astype("str").ne("")
        passes = _passes(values, condition, column, levels, on).fillna(False).astype(bool)
        reason = pd.Series(f"does not meet {key}: {condition.text}", index=people.index)
        reason = reason.where(known, _unknown(key, people[column]))
        refusal = refusal.mask(refusal.eq("") & ~(passes & known), reason)
    return refusal


def _unknown(key: str, given: pd.Series) -> pd.Series:
    blank = given.isna() | given.astype("str").eq("")
    not_listed = pd.Series(f"{key} is not one the program knows the order of", index=given.index)
    return not_listed.mask(blank, f"{key} is missing in the roster")


def _ranks(values: pd.Series, column: str, levels: tuple[str, ...]) -> pd.Series:
    """Positions in the company's order of levels; plain numbers for any other column."""
    if column == "level":
        return values.map({level: rank for rank, level in enumerate(levels)}).astype("Float64")
    return pd.to_numeric(values, errors="coerce").astype("Float64")


def _passes(values: pd.Series, rule: Condition, column: str, levels: tuple[str, ...], on: date) -> pd.Series:
    if rule.op in ORDERED:
        limits = [_limit(value, column, levels) for value in rule.values]
        low = limits[0] if rule.op != "at_or_below" else float("-inf")
        high = limits[-1] if rule.op != "at_or_above" else float("inf")
        return values.between(low, high)
    if rule.op in {"at_least_months", "at_most_months"}:
        # Counted in whole months as people count them: who joined on 31 August has six months on the last of February.
        reached_on = pd.to_datetime(values) + pd.DateOffset(months=int(rule.values[0]))
        on_day = pd.Timestamp(on)
        return reached_on <= on_day if rule.op == "at_least_months" else reached_on >= on_day
    named = {value.strip().casefold() for value in rule.values}
    is_one = values.map(lambda cell: not named.isdisjoint(_parts(cell)))
    return is_one if rule.op == "is" else ~is_one.astype(bool)


def _limit(value: str, column: str, levels: tuple[str, ...]) -> float:
    if column != "level":
        return float(value)
    if value not in levels:
        raise DataError(f"who: level '{value}' is not under people.levels; write one of {', '.join(levels)}")
    return float(levels.index(value))


def _parts(cell: object) -> set[str]:
    """A cell as a whole and, where it is a list joined by semicolons, each of its parts."""
    text = str(cell).casefold()
    return {text.strip(), *(part.strip() for part in text.split(";"))}
