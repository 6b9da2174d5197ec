"""The same roster as an older HR system writes it, a few rows wrong, and a text that says which."""

import csv
import io
from collections.abc import Callable, Sequence

Row = list[str]

EXPLANATION = """This file is untidy on purpose. Put it into the inbox to see what becomes of it.

Semicolons instead of commas, Windows-1252 instead of UTF-8 (letters it lacks became question marks), CRLF.
These rows (as a spreadsheet numbers them, the header is row 1) are wrong and belong in quarantine:

{faults}

All other rows are good and must be taken in as they are.
"""


def untidy_export(headers: Sequence[str], rows: Sequence[Row]) -> tuple[bytes, str]:
    """The file and the words that explain it; rows that a fault needs but the roster lacks are left alone."""
    place = {header: index for index, header in enumerate(headers)}
    untidy = [list(row) for row in rows]
    told = []
    for nth, (fault, spoil) in enumerate(_faults(place), start=1):
        index = nth * 7 + 3
        if index < len(untidy):
            untidy[index] = spoil(untidy[index])
            told.append(f"  row {index + 2}: {fault}")
    if len(untidy) > 5:
        twin = list(untidy[5])
        twin[place["Work Email"]] = "someone.else@acme.example"
        untidy.append(twin)
        told.append(f"  rows 7 and {len(untidy) + 1}: the same employee id with two different addresses")
    return _encoded(headers, untidy), EXPLANATION.format(faults="\n".join(told) or "  none: too few people")


def _faults(place: dict[str, int]) -> list[tuple[str, Callable[[Row], Row]]]:
    def changed(header: str, value: str) -> Callable[[Row], Row]:
        return lambda row: [value if index == place[header] else cell for index, cell in enumerate(row)]

    return [
        ("a cell is missing, so that all that follow would shift", lambda row: [*row[:3], *row[4:]]),
        ("31 February is not a date", changed("Hire Date", "2021-02-31")),
        ("the address has no @", changed("Work Email", "no-at-sign.acme.example")),
        ("a status that company.yaml does not know", changed("Status", "Secondment?")),
        ("a grade that company.yaml does not know", changed("Grade", "PX")),
        ("no employee id", changed("Employee ID", "")),
        ("a control character in the name", changed("Preferred Name", "Bell\x07 Ringer")),
    ]


def _encoded(headers: Sequence[str], rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(headers)
    writer.writerows(rows)
    return text.getvalue().encode("cp1252", errors="replace")
