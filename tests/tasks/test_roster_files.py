"""The roster as HR exports it: who can be used is taken in as written, everything else is told by row and column."""

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roster_exports import HEADERS, SITES, codes, export, person, read, rules, worker

from tasks import roster
from tasks.roster import read_roster


def test_a_good_row_is_taken_in_as_written():
    reading = read(worker(email="Ann.B@Acme.example", languages="German / EN", level="p10"))

    assert reading.people.to_dict("records") == [
        {
            "person_id": "0001",
            "email": "ann.b@acme.example",
            "name": "Person 1",
            "manager_id": "0000",
            "department": "",
            "title": "",
            "level": "P10",
            "site": "Berlin",
            "joined_on": date(2024, 2, 29),
            "languages": "de;en",
            "status": "active",
            "more": {"cost_center": "CC-1"},
            "sensitive": {"gender": "Female"},
        }
    ]
    assert reading.problem is None
    assert reading.refused == ()


def test_unmapped_columns_are_dropped_at_the_door():
    assert "Salary" not in str(read(worker()).people.to_dict())


@pytest.mark.parametrize("name", ["NA", "None", "True", "null", "nan", "007", "1e5", "O'Brien", "Zoë", "=Ann", "- Bo"])
@pytest.mark.parametrize("shape", [{}, {"mark": ";", "encoding": "cp1252"}, {"mark": "\t", "encoding": "utf-16"}])
def test_names_that_look_like_something_else_are_kept(name, shape):
    assert person(read(worker(name=name), **shape))["name"] == name


@pytest.mark.parametrize("person_id", ["007", "7", "NA", "1.10", "A-1"])
def test_employee_ids_keep_their_zeros(person_id):
    assert read(worker(id=person_id)).people["person_id"].tolist() == [person_id]


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"id": ""}, "Employee ID", "missing_id"),
        ({"id": "00\x0012"}, "Employee ID", "bad_id"),
        ({"id": "1.00123E+05"}, "Employee ID", "bad_id"),
        ({"id": "#REF!"}, "Employee ID", "bad_id"),
        ({"id": "9" * 101}, "Employee ID", "bad_id"),
        ({"email": ""}, "Work Email", "missing_email"),
        ({"email": "no-at-sign"}, "Work Email", "bad_email"),
        ({"email": "Ann <ann@acme.example>"}, "Work Email", "bad_email"),
        ({"email": "ann@acme.example, bo@acme.example"}, "Work Email", "bad_email"),
        ({"email": "ann@localhost"}, "Work Email", "bad_email"),
        ({"email": "a..b@acme.example"}, "Work Email", "bad_email"),
        ({"status": ""}, "Status", "unknown_status"),
        ({"status": "Sabbatical?"}, "Status", "unknown_status"),
        ({"name": "Bell\x07 Ringer"}, "Preferred Name", "control"),
        ({"name": "Two\nLines"}, "Preferred Name", "control"),
        ({"name": "Turned \u202eround"}, "Preferred Name", "control"),
        ({"name": "x" * 251}, "Preferred Name", "too_long"),
    ],
)
def test_what_makes_a_row_unusable_refuses_it(cells, column, code):
    reading = read(worker(1), worker(2, **cells), worker(3))

    assert codes(reading) == [(3, column, code)]
    assert reading.people["person_id"].tolist() == ["0001", "0003"]
    assert reading.is_accounted_for


@pytest.mark.parametrize(
    ("key", "column", "value", "code", "left"),
    [
        ("joined", "joined_on", "2021-02-31", "bad_date", None),
        ("joined", "joined_on", "44256", "bad_date", None),
        ("joined", "joined_on", "01.02.21", "bad_date", None),
        ("level", "level", "PX", "unknown_level", ""),
        ("site", "site", "Atlantis", "unknown_site", ""),
        ("languages", "languages", "Klingonese; German", "unknown_language", "de"),
    ],
)
def test_what_can_be_blank_is_left_blank(key, column, value, code, left):
    reading = read(worker(1), worker(2, **{key: value}))

    assert codes(reading) == [(3, HEADERS[key], code)]
    assert not reading.refused[0].whole_row
    assert person(reading, 2)[column] == left
    assert reading.is_accounted_for


def test_blank_cells_are_no_fault():
    reading = read(worker(joined="", level="", site="", languages="", name="", manager=""))
    assert reading.refused == ()
    assert person(reading)["joined_on"] is None


def test_every_reason_of_a_row_is_told():
    reading = read(worker(1), worker(2, email="x", status="y", id=""))
    assert {code for _, _, code in codes(reading)} == {"bad_email", "unknown_status", "missing_id"}
    assert reading.refused_rows == 1


def test_no_reason_repeats_what_was_written():
    reading = read(worker(1), worker(2, email="zz-canary", status="zz-canary", level="zz-canary", joined="zz-canary"))
    assert not any("zz-canary" in refusal.reason for refusal in reading.refused)


def test_sensitive_values_are_never_copied_to_quarantine():
    row = worker(2) | {"Gender": "zz\x07canary"}
    reading = read(worker(1), row)
    assert (codes(reading), reading.refused[0].value) == ([(3, "Gender", "control")], None)


def test_a_refused_value_can_be_stored_and_shown():
    reading = read_roster.fn(
        export(worker(1), worker(2, name="Zoë"), worker(3, name="Rene?")).replace(b"Rene?", b"Ren\xe9"),
        rules(),
        SITES,
        file="w",
    )
    assert codes(reading) == [(4, "Preferred Name", "control")]
    assert reading.refused[0].value == "Ren\ufffd"


def test_a_ragged_row_shifts_nobody():
    lines = export(worker(1), worker(2), worker(3)).splitlines(keepends=True)
    lines[2] = lines[2].replace(b"Person 2,", b"")
    reading = read_roster.fn(b"".join(lines), rules(), SITES, file="workers.csv")

    assert codes(reading) == [(3, "(row)", "ragged")]
    assert reading.people["person_id"].tolist() == ["0001", "0003"]
    assert "0002" in reading.named


def test_identical_rows_count_once():
    reading = read(worker(1), worker(2), worker(1))
    assert (len(reading.people), reading.identical, reading.refused) == (2, 1, ())
    assert reading.is_accounted_for


def test_rows_that_differ_in_dropped_columns_are_identical():
    assert read(worker(1), worker(1) | {"Salary": "2"}).identical == 1


def test_contradictory_rows_of_an_id_are_all_refused():
    reading = read(worker(1), worker(2), worker(1, name="Someone Else"))

    assert codes(reading) == [(2, "Employee ID", "contradictory_id"), (4, "Employee ID", "contradictory_id")]
    assert "rows 2, 4" in reading.refused[0].reason
    assert reading.named == {"0001"}
    assert reading.is_accounted_for


def test_an_address_of_two_people_refuses_both():
    reading = read(worker(1), worker(2, email="Person.1@acme.example"), worker(3))
    assert [code for _, _, code in codes(reading)] == ["contradictory_email"] * 2
    assert reading.people["person_id"].tolist() == ["0003"]


def test_an_unusable_twin_takes_nobody_along():
    reading = read(worker(1), worker(1, status="?"), worker(2))
    assert reading.people["person_id"].tolist() == ["0001", "0002"]


def test_a_leaver_comes_in_without_an_address():
    reading = read(worker(1), worker(2, status="Terminated", email=""), worker(3, status="Terminated", email="closed"))
    assert reading.people["status"].tolist() == ["active", "left", "left"]
    assert codes(reading) == [(4, "Work Email", "bad_email")]


def test_whoever_comes_back_under_a_new_id_keeps_the_address():
    reading = read(worker(1, status="Terminated", email="ann@acme.example"), worker(2, email="ann@acme.example"))
    assert reading.people["email"].tolist() == ["", "ann@acme.example"]
    assert codes(reading) == [(2, "Work Email", "shared_email")]


def test_a_manager_nobody_knows_is_left_as_written():
    assert person(read(worker(manager="gone")))["manager_id"] == "gone"


@pytest.mark.parametrize(
    ("written", "other", "day"),
    [
        ("2024-03-01", "2024-03-01", date(2024, 3, 1)),
        ("2024-03-01T00:00:00Z", "", date(2024, 3, 1)),
        ("01.03.2024", "", date(2024, 3, 1)),
        ("1.3.2024 00:00", "", date(2024, 3, 1)),
        ("03/01/2024", "12/31/2023", date(2024, 3, 1)),
        ("01/03/2024", "31/12/2023", date(2024, 3, 1)),
        ("03/03/2024", "", date(2024, 3, 3)),
        ("01/03/2024", "", None),
        ("01/03/2024", "2024-12-31", None),
    ],
)
def test_day_and_month_are_told_apart_by_the_whole_column(written, other, day):
    reading = read(worker(1, joined=written), worker(2, joined=other))
    assert person(reading)["joined_on"] == day
    assert bool(reading.refused) == (day is None)


def test_one_mistyped_date_changes_no_other():
    good = [worker(n, joined="12/31/2023") for n in range(30)]
    reading = read(*good, worker(40, joined="03/01/2024"), worker(50, joined="31/12/2023"))
    assert person(reading, 40)["joined_on"] == date(2024, 3, 1)


def test_a_column_that_contradicts_itself_is_not_guessed():
    reading = read(worker(1, joined="12/31/2023"), worker(2, joined="31/12/2023"), worker(3, joined="03/01/2024"))
    assert person(reading, 3)["joined_on"] is None
    assert codes(reading) == [(4, "Hire Date", "bad_date")]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("English, Deutsch|français", "en;de;fr"),
        ("en-GB; EN; de_AT", "en;de"),
        ("English (native) / German - C1", "en;de"),
        ("Mandarin;हिन्दी", "zh;hi"),
        ("eng;deu", "en;de"),
    ],
)
def test_languages_become_codes(written, expected):
    assert person(read(worker(languages=written)))["languages"] == expected


@pytest.mark.parametrize("written", ["NA", "no English", "-"])
def test_what_is_no_language_becomes_none(written):
    reading = read(worker(languages=written))
    assert person(reading)["languages"] == ""
    assert codes(reading) == [(2, "Languages", "unknown_language")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty", "export it again"]),
        (b"PK\x03\x04", ["workbook", "CSV"]),
        (b"\x81\x8d\x8f,", ["neither UTF-8"]),
        (export(), ["no rows"]),
        (export(worker()).split(b"\n", 1)[1], ["no header we know", "'Employee ID'"]),
        (b"Report of March\r\n" + export(worker()), ["no header we know"]),
        (export(worker())[:-30], ["incomplete", "row 2"]),
        (
            export(worker()).replace(b"Work Email", b"Work E-Mail"),
            ["'Work Email' is missing", "nearest is 'Work E-Mail'"],
        ),
        (export(worker()).replace(b"Gender", b"Sex"), ["'Gender' is missing", "people.sensitive.gender"]),
        (export(worker()).replace(b"Salary", b"Grade"), ["2 columns are called 'Grade'"]),
        (export(worker(status="?")), ["none of its 1 rows can be used", "row 2, column 'Status'"]),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_how_to_mend_it(content, words):
    reading = read_roster.fn(content, rules(), SITES, file="workers.csv")

    assert len(reading.people) == 0
    assert reading.problem.startswith("workers.csv: ")
    assert [word for word in words if word not in reading.problem] == []
    assert reading.is_accounted_for


def test_a_title_above_the_header_is_pointed_out():
    title = "Report" + "," * (len(worker()) - 1) + "\r\n"
    reading = read_roster.fn(title.encode() + export(worker()), rules(), SITES, file="workers.csv")
    assert "the header stands in row 2" in reading.problem


def test_headers_are_found_in_any_case_and_order():
    headers = [name.upper() for name in reversed(list(worker()))]
    row = {name.upper(): value for name, value in worker().items()}
    assert read(row, headers=headers).people.equals(read(worker()).people)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("last", "encoding"),
    [
        ("Gender", "utf-8"),
        ("Gender", "utf-8-sig"),
        ("Gender", "cp1252"),
        ("Gender", "utf-16"),
        ("Work Email", "utf-8"),
        ("Hire Date", "utf-8"),
        ("Status", "utf-8"),
        ("Salary", "utf-8"),
    ],
)
def test_a_roster_cut_anywhere_never_bends_a_person(last, encoding):
    names = ['Zoë "Zo" Lang', "O'Brien, Pat", "NA"]
    rows = [worker(n, name=name, joined="2024-2-29") for n, name in enumerate(names, start=1)]
    mapped = {key: HEADERS[key] for key in ("id", "name", "email", "joined", "status")}
    narrow = rules(columns=mapped, sensitive={"gender": "Gender"})
    headers = [*(name for name in [*mapped.values(), "Gender"] if name != last), last]
    content = export(*rows, encoding=encoding, headers=headers)
    full = records(read_roster.fn(content, narrow, SITES, file="w"))

    for length in range(len(content)):
        reading = read_roster.fn(content[:length], narrow, SITES, file="w")
        assert reading.is_accounted_for
        assert [person for person in records(reading).values() if person not in full.values()] == []


def records(reading):
    return {record["person_id"]: record for record in reading.people.to_dict("records")}


def test_a_last_row_without_line_break_is_kept_when_it_is_whole():
    content = export(worker(1), worker(2)).rstrip(b"\r\n")
    assert len(read_roster.fn(content, rules(), SITES, file="w").people) == 2


def test_a_last_cell_that_may_be_cut_refuses_its_row():
    rows = [worker(1), worker(2)]
    content = export(*rows, headers=[*(name for name in worker() if name != "Salary")]).rstrip(b"\r\n")[:-2]
    reading = read_roster.fn(content, rules(), SITES, file="w")
    assert codes(reading) == [(3, "Gender", "maybe_cut")]
    assert reading.named == {"0002"}


odd = st.sampled_from(
    ["", "?", "x@y.example", "person.1@acme.example", "0001", "0002", "Terminated", "03/04/2024", "\x07", "Zoë"]
)
damage = st.lists(st.tuples(st.sampled_from(list(HEADERS)), odd), max_size=3)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(damage, min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nobody(damages, luck):
    rows = [worker(n, **dict(changes)) for n, changes in enumerate(damages, start=1)]
    straight = read(*rows)
    luck.shuffle(rows)
    shuffled = read(*rows)

    assert straight.people.equals(shuffled.people)
    assert sorted(code for _, _, code in codes(straight)) == sorted(code for _, _, code in codes(shuffled))
    assert straight.is_accounted_for


@settings(max_examples=60, deadline=None)
@given(damage, st.integers(0, 3))
def test_a_bad_row_changes_nothing_about_good_ones(changes, place):
    good = [worker(n, joined=f"{n:02}/04/2024") for n in (2, 3, 4)]
    alone = records(read(*good))
    bad = worker(9, **(dict(changes) | {"status": "no such word"}))
    together = read(*good[:place], bad, *good[place:])

    assert records(together) == alone
    assert together.is_accounted_for


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120), st.integers(0, 400))
def test_no_bytes_anywhere_raise_an_error(noise, place):
    content = export(worker(1), worker(2))
    reading = read_roster.fn(content[:place] + noise + content[place:], rules(), SITES, file="w")
    assert reading.is_accounted_for
    places = [(refusal.row, refusal.column) for refusal in reading.refused]
    assert len(places) == len(set(places))


def test_a_row_known_from_the_last_file_reads_as_if_it_were_new():
    first = [worker(1), worker(2, joined="03/04/2024"), worker(3), worker(4, status="no such word")]
    second = [worker(3), worker(1), worker(2, joined="13/04/2024"), worker(4), worker(5)]
    read(*first)

    known = read(*second)

    roster._known.clear()
    anew = read(*second)
    assert records(known) == records(anew)
    assert (known.refused, known.rows_in, known.named) == (anew.refused, anew.rows_in, anew.named)


@pytest.mark.slow
def test_five_thousand_people_are_all_read():
    luck = random.Random(7)
    rows = [worker(n, languages=luck.choice(["en", "en;de", "Spanish"])) for n in range(5000)]
    content = export(*rows)
    reading = read_roster.fn(content, rules(), SITES, file="workers.csv")

    assert len(reading.people) == 5000
