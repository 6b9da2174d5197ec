"""Which column of a form tool's export answers which question."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from schemas.forms import Form
from tasks.csv_files import Table

PERSON_COLUMNS = ("Employee ID", "Employee Id", "employee_id", "person_id")
EMAIL_COLUMNS = ("Work Email", "Email", "Email Address", "email")
_ROLE_COLUMNS = ("role", "your role")
_ABOUT_COLUMNS = ("about", "match", "match_id")
_TIME_COLUMNS = ("Timestamp", "Completion time", "Submitted at", "Submission time", "Submit date", "Zeitstempel")
_NUMBERED = re.compile(r"\d+\s*[.):]\s*")


@dataclass(frozen=True)
class AnswerColumns:
    """Places in a row: who answered, as what, about which match, when; and of each question (often just one)."""

    who: Mapping[str, int]
    questions: Mapping[str, tuple[int, ...]]
    headers: tuple[str, ...]


def match_columns(
    table: Table,
    form: Form,
    given: Mapping[str, str],
    person_columns: Sequence[str] = PERSON_COLUMNS,
    email_columns: Sequence[str] = EMAIL_COLUMNS,
) -> tuple[AnswerColumns | None, str | None]:
    """Match headers by the given mapping, else by key, else by the question's words; or say what is in the way."""
    if table.problem:
        return None, table.problem
    names = {
        "person_id": person_columns,
        "email": email_columns,
        "role": _ROLE_COLUMNS,
        "about": _ABOUT_COLUMNS,
        "timestamp": _TIME_COLUMNS,
    }
    fault = _wrong_mapping(table, form, given, tuple(names))
    if fault:
        return None, f"{table.file}: {fault}"
    chosen = _chosen(table, given)
    who = _who(table, chosen, names)
    questions = _questions(table, form, chosen, set(who.values()))
    if "person_id" not in who and "email" not in who:
        wanted = f"'{person_columns[0]}' or '{email_columns[0]}'"
        return (
            None,
            f"{table.file}: no column says who answered; add a column {wanted}, or map one to person_id or email",
        )
    if not questions:
        listed = ", ".join(form.questions)
        return (
            None,
            f"{table.file}: no column belongs to a question of this form; map columns to its questions: {listed}",
        )
    return AnswerColumns(who, questions, table.headers), None


def bare(words: str) -> str:
    """Words without case, spaces and punctuation, to compare headers by."""
    return "".join(letter for letter in words.casefold() if letter.isalnum())


def _wrong_mapping(table: Table, form: Form, given: Mapping[str, str], who: Sequence[str]) -> str | None:
    known = [*form.questions, *who]
    for header, key in given.items():
        if not any(bare(name) == bare(header) for name in table.headers):
            return f"there is no column '{header}'{_nearest(header, table.headers)}; correct the mapping"
        if key not in known:
            return f"the form has no question '{key}'{_nearest(key, known)}; correct the mapping"
    return None


def _nearest(word: str, words: Sequence[str]) -> str:
    near = get_close_matches(word, [word for word in words if word], n=1, cutoff=0.5)
    return f" (the nearest is '{near[0]}')" if near else ""


def _chosen(table: Table, given: Mapping[str, str]) -> dict[int, str]:
    by_header = {bare(header): key for header, key in given.items()}
    return {place: by_header[bare(name)] for place, name in enumerate(table.headers) if bare(name) in by_header}


def _who(table: Table, chosen: Mapping[int, str], names: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The columns about the answer itself; the first of several that would do, in the order of their names."""
    found = {key: place for place, key in reversed(list(chosen.items())) if key in names}
    headers = {bare(name): place for place, name in reversed(list(enumerate(table.headers))) if place not in chosen}
    for key, listed in names.items():
        place = next((headers[bare(name)] for name in listed if bare(name) in headers), None)
        if place is not None:
            found.setdefault(key, place)
    return found


def _questions(table: Table, form: Form, chosen: Mapping[int, str], taken: set[int]) -> dict[str, tuple[int, ...]]:
    keys = {bare(key): [key] for key in form.questions}
    asked: dict[str, list[str]] = defaultdict(list)
    for key in form.questions:
        for words in dict.fromkeys(map(bare, form.asked(key))):
            asked[words].append(key)
    places: dict[str, list[int]] = defaultdict(list)
    headers: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(table.headers):
        if place in chosen and chosen[place] in form.questions:
            places[chosen[place]].append(place)
        elif place not in taken and bare(name):
            headers[name].append(place)
    for name, columns in headers.items():
        wanted = (
            keys.get(bare(name)) or asked.get(bare(name)) or asked.get(bare(_NUMBERED.sub("", name, count=1))) or []
        )
        for key, column in _dealt(wanted, columns):
            places[key].append(column)
    return {key: tuple(places[key]) for key in form.questions if key in places}


def _dealt(keys: Sequence[str], columns: Sequence[int]) -> list[tuple[str, int]]:
    """A form may ask mentors and mentees in the same words: columns go to the questions in their order.

    One column for two such questions answers whichever concerns the person; two columns for one question are two
    sections of the form tool, of which a person sees one.
    """
    if not keys:
        return []
    if len(columns) == 1:
        return [(key, columns[0]) for key in keys]
    return [(keys[min(index, len(keys) - 1)], column) for index, column in enumerate(columns)]
