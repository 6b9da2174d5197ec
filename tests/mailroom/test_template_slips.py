"""Slips in the tags of a mail: each told on its line, with a cure, in words for somebody who does not program."""

import pytest

from cohortflow.mailroom.rendering import Stationery

NAME = "check_in/pulse.en.md"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{{ reader.name", "has a {{ that is never closed; write }} after the field"),
        ("{% if n", "has a {% that is never closed; write %} at its end"),
        ("{% if n %}Hello", "has a {% if ... %} that is never closed; write {% endif %} where it ends"),
        ("{% for p in partners %}Hello", "has a {% for ... %} that is never closed; write {% endfor %} where it ends"),
        ("{% if %}Hello{% endif %}", "has a tag that says too little"),
        ("{{ }}", "has a tag that says too little"),
        ("Hello{% endif %}", "has an {% endif %} that closes nothing; remove it"),
        ("{% else %}", "has an {% else %} outside a condition"),
        ("{{ reader name }}", "has two fields in one tag; write each by itself"),
        ("{% if n x %}Hello{% endif %}", "has a tag with a word too many"),
        ("{% for p partners %}{% endfor %}", "has a loop without in; write {% for partner in partners %}"),
        ("{{ reader's }}", 'has the sign "\'" in a tag, where it means nothing'),
        ("{% fi n %}Hello{% endif %}", "has a tag that does not exist (got 'fi'); there are if, elif, else"),
        ("{{ partner.name }}", "'partner' is not known here, for there may be several; write {{ partners | names }}"),
        ("{{ reader-name }}", "'-' is read as minus; a field is named with a dot: {{ reader.name }}"),
        ("{{ n / 2 }}", "arithmetic is not allowed in a mail; use fields, conditions and loops only"),
        ("{{ partners[0] }}", "brackets are not allowed in a mail; write a loop"),
        ("{{ n & n }}", "has the sign"),
    ],
)
def test_a_slip_is_told_with_its_cure(texts, written, told):
    body = texts[NAME].rstrip("\n") + f"\n{written}\n"

    found = Stationery({**texts, NAME: body}).faults()

    assert [(fault.file, fault.line) for fault in found] == [(f"templates/{NAME}", body.count("\n"))], found
    assert told in found[0].message
    assert "Jinja" not in found[0].message and "token" not in found[0].message
