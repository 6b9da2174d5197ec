"""Which occasions of a cohort ask for a form: the keys under which its answers are kept."""

import re
from collections.abc import Iterable

from cohortflow.programs.cohorts import Cohort
from schemas.nearest import nearest

CHECK_IN = re.compile(r"check_in#\d+")


def occasions_asking(cohort: Cohort, form: str, keys: Iterable[str]) -> list[str]:
    """The occasions that ask for a form, in lifecycle order.

    Args:
        keys: every occasion the cohort has; the check-ins are among them.
    """
    stages = cohort.program.stages
    asked = {
        "recruit": (stages.recruit.form,),
        "match.accept": ("accept",),
        "orient": (stages.orient.agreement, stages.orient.survey),
        "goals.ask": ("goals",),
        "check_in.first_meeting": ("first_meeting",),
        "evaluate": (stages.evaluate.survey,),
        "rematch": ("rematch",),
    }
    found = [key for key, forms in asked.items() if form in forms]
    if form == stages.check_in.survey:
        found += sorted({key for key in keys if CHECK_IN.fullmatch(key)}, key=lambda key: int(key.split("#")[1]))
    return found


def reason_not_asked(cohort: Cohort, form: str, occasion: str, keys: Iterable[str]) -> str | None:
    """Why an answer to this form has no place under this occasion, with the occasions it has one under."""
    known = occasions_asking(cohort, form, keys)
    if occasion in known:
        return None
    if not known:
        return f"nothing in this program asks for the form {form!r}"
    cure = f"write {known[0]}" if len(known) == 1 else nearest(occasion, known)
    return f"{occasion!r} does not ask for the form {form!r}; {cure}"
