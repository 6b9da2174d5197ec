"""The match: whether its weights can be read as percentages, and whether what they weigh is ever asked."""

import re
from collections.abc import Iterator

from cohortflow.programs.lints.views import Page
from schemas.errors import Fault

_NEED_AN_ANSWER = {"availability": "availability"}
_NEED_A_COLUMN = {"career_stage": "level"}
_PREFER = ("matching", "prefer")


def matching_faults(page: Page) -> Iterator[Fault]:
    """What is odd about the preferences."""
    yield from _weights(page)
    yield from _ranking(page)
    yield from _unasked(page)


def _weights(page: Page) -> Iterator[Fault]:
    """Weights may have any sum; only with 100 does each say its share of the whole."""
    prefer = page.get(*_PREFER)
    weights = {str(key): str(node.value) for key, node in prefer.children()} if prefer else {}
    if not weights or not all(re.fullmatch(r"\d{1,4}", value) for value in weights.values()):
        return
    numbers = {key: int(value) for key, value in weights.items()}
    total = sum(numbers.values())
    if total == 100:
        return
    added = " + ".join(map(str, numbers.values()))
    if total == 0:
        message = "gives every preference no weight, so all pairs are equal; write weights that sum to 100"
    else:
        shares = ", ".join(f"{key}: {share}" for key, share in _as_shares(numbers, total).items())
        message = f"sums to {added} = {total}, not 100; write {{ {shares} }}"
    yield page.tell(_PREFER, message)


def _as_shares(weights: dict[str, int], total: int) -> dict[str, int]:
    """The same weights as whole shares of 100; what rounding leaves over goes to the largest remainders."""
    shares = {key: 100 * weight // total for key, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda key: -(100 * weights[key] % total))
    for key in by_remainder[: 100 - sum(shares.values())]:
        shares[key] += 1
    return shares


def _ranking(page: Page) -> Iterator[Fault]:
    if page.get(*_PREFER, "ranked_choice") and not page.get("stages", "match", "choose"):
        message = (
            "weighs whom people rank, and nobody is asked to rank; under stages.match write "
            "choose: { opens: 1 day after recruit closes, for: 3 working days }, or remove the preference"
        )
        yield page.tell((*_PREFER, "ranked_choice"), message, "error")


def _unasked(page: Page) -> Iterator[Fault]:
    """Preferences and rules that need what neither the roster nor the application form says."""
    name = page.text("stages", "recruit", "form")
    form = page.forms.get(name)
    columns = page.get("people", "columns")
    known = {str(key) for key, _ in columns.children()} if columns else set()
    asked = set(form.questions) if form else set()
    for key, needed in _NEED_AN_ANSWER.items():
        if form and page.get(*_PREFER, key) and needed not in asked | known:
            yield page.tell((*_PREFER, key), _not_known(needed, name), "error")
    for key, needed in _NEED_A_COLUMN.items():
        if page.get(*_PREFER, key) and needed not in known:
            message = f"needs the column {needed}, which people.columns does not name; add {needed}: and its header"
            yield page.tell((*_PREFER, key), message, "error")
    must = page.get("matching", "must")
    for place, rule in must.children() if must else ():
        if form and rule.get("shared_hours") and "availability" not in asked | known:
            yield page.tell(("matching", "must", place, "shared_hours"), _not_known("availability", name), "error")


def _not_known(needed: str, form: str) -> str:
    return (
        f"needs {needed}, which is neither a column under people.columns nor a question of forms/{form}.yaml; add the "
        "question, or remove this line"
    )
