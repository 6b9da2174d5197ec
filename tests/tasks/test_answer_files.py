"""Answers exported from other form tools: matched to questions, joined to people, nothing guessed."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.forms import Form, clean_answer
from tasks.answer_file import read_answer_file, split_choices

FORM = Form.model_validate(
    {
        "name": "Your application",
        "questions": {
            "skills": {
                "ask": "Which skills would you like to work on?",
                "type": "choices",
                "of": ["Presenting", "Hiring", "Planning, alone or together"],
                "required": "false",
            },
            "met_on": {"ask": "When did you meet?", "type": "date", "required": "false"},
            "useful": {
                "ask": "How useful was it? (1 to 5)",
                "type": "scale",
                "from": 1,
                "to": 5,
                "required": "false",
            },
            "anything": {"ask": "Anything else?", "type": "text", "required": "false"},
        },
    }
)


def export(*lines, mark=",", encoding="utf-8"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=mark).writerows(lines)
    return text.getvalue().encode(encoding)


def read(*lines, form=FORM, columns=None, **shape):
    return read_answer_file.fn(export(*lines, **shape), form, file="answers.csv", columns=columns)


def given_by(reading):
    return [(row.person_id or row.email, row.given) for row in reading.rows]


def test_headers_are_matched_by_key_or_by_the_question():
    reading = read(
        ["Employee ID", "SKILLS", "How useful was it  (1 to 5) *", "2. Anything else?", "Shoe size"],
        ["007", "Hiring", "4", "No, thanks", "43"],
    )

    assert given_by(reading) == [("007", {"skills": ["Hiring"], "useful": "4", "anything": "No, thanks"})]
    assert reading.unanswered == ("met_on",)


def test_a_mapping_helps_where_headers_say_too_little():
    reading = read(
        ["Q1", "Who", "Q2"],
        ["5", "Ann@Acme.example", "Hi"],
        columns={"q1": "useful", "Q2": "anything", "Who": "email"},
    )
    assert given_by(reading) == [("ann@acme.example", {"useful": "5", "anything": "Hi"})]


@pytest.mark.parametrize("header", ["Employee ID", "Employee Id", "employee_id", "person_id"])
def test_people_are_named_by_employee_id(header):
    assert read([header, "useful"], ["007", "4"]).rows[0].person_id == "007"


@pytest.mark.parametrize("header", ["Work Email", "Email", "Email Address", "email", "E-Mail"])
def test_people_are_named_by_work_address(header):
    assert read([header, "useful"], ["O'Brien@Acme.example ", "4"]).rows[0].email == "o'brien@acme.example"


def test_the_work_address_goes_before_another():
    assert (
        read(["Email", "Work Email", "useful"], ["home@x.example", "work@x.example", "4"]).rows[0].email
        == "work@x.example"
    )


@pytest.mark.parametrize(
    ("written", "choices"),
    [
        ("Hiring", ["Hiring"]),
        ("Hiring;Presenting;", ["Hiring", "Presenting"]),
        ("Hiring, Presenting", ["Hiring", "Presenting"]),
        ("Hiring, planning,  alone or together, Presenting", ["Hiring", "planning,  alone or together", "Presenting"]),
        ("Hiring, something of my own", ["Hiring", "something of my own"]),
        (" ; , ", []),
    ],
)
def test_choices_in_one_cell_are_parted(written, choices):
    assert split_choices(written, FORM.questions["skills"].of) == choices


def test_what_was_read_is_what_the_form_accepts():
    reading = read(
        ["person_id", "skills", "met_on", "useful", "anything"],
        ["1", "Planning, alone or together, Hiring", "13/02/2027", "4", "two\nlines"],
        ["2", "", "02/02/2027", "", ""],
    )
    cleaned, faults = clean_answer(FORM, "mentee", reading.rows[0].given)

    assert faults == []
    assert cleaned["skills"] == ["Hiring", "Planning, alone or together"]
    assert cleaned["met_on"].isoformat() == "2027-02-13"


def test_a_date_that_could_be_two_is_passed_on_as_written():
    assert read(["person_id", "met_on"], ["1", "03/02/2027"]).rows[0].given == {"met_on": "03/02/2027"}


def test_what_was_left_empty_is_absent():
    assert given_by(read(["person_id", "useful", "anything"], ["1", "", " "])) == [("1", {})]


def test_later_answers_replace_earlier_ones_by_time():
    reading = read(
        ["Timestamp", "person_id", "useful"],
        ["2027/02/03 2:00:00 PM GMT+1", "1", "5"],
        ["2027/02/03 9:00:00 AM GMT+1", "1", "2"],
        ["2027/02/03 10:30:00 AM GMT+1", "2", "3"],
    )

    assert [(row.row, row.current) for row in reading.rows] == [(3, False), (4, True), (2, True)]
    assert reading.rows[0].at.isoformat() == "2027-02-03T09:00:00"


def test_later_answers_replace_earlier_ones_by_place_without_times():
    reading = read(["person_id", "useful"], ["1", "5"], ["2", "1"], ["1", "2"])
    assert [(row.given["useful"], row.current) for row in reading.rows] == [("5", False), ("1", True), ("2", True)]


def test_answers_about_two_matches_do_not_replace_each_other():
    reading = read(["person_id", "role", "about", "useful"], ["1", "Mentor", "m1", "5"], ["1", "mentors", "m2", "4"])
    assert [(row.role, row.about, row.current) for row in reading.rows] == [
        ("mentor", "m1", True),
        ("mentor", "m2", True),
    ]


def test_a_time_nobody_can_read_keeps_its_place():
    reading = read(
        ["Timestamp", "person_id", "useful"],
        ["2027-02-03 09:00", "1", "1"],
        ["soon", "1", "2"],
        ["2027-02-01 09:00", "1", "0"],
    )
    assert [row.given["useful"] for row in reading.rows] == ["0", "1", "2"]
    assert [(refusal.row, refusal.code, refusal.whole_row) for refusal in reading.refused] == [(3, "bad_time", False)]


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        (["", "", "4", ""], "person_id", "missing_person"),
        (["", "nobody", "4", ""], "Email", "bad_email"),
        (["0\x001", "", "4", ""], "person_id", "control"),
        (["1", "", "4\x07", ""], "useful", "control"),
        (["1", "", "4", "guest"], "role", "unknown_role"),
    ],
)
def test_a_row_that_cannot_be_used_is_told(cells, column, code):
    reading = read(["person_id", "Email", "useful", "role"], ["7", "", "3", ""], cells, ["8", "", "3", "mentee"])

    assert [(refusal.row, refusal.column, refusal.code) for refusal in reading.refused] == [(3, column, code)]
    assert [row.person_id for row in reading.rows] == ["7", "8"]
    assert reading.is_accounted_for


def test_a_bad_address_beside_an_id_costs_only_itself():
    reading = read(["person_id", "Email", "useful"], ["1", "nobody", "4"])
    assert (reading.rows[0].person_id, reading.rows[0].email) == ("1", None)
    assert reading.refused[0].whole_row is False


def test_two_sections_of_a_form_tool_fill_one_question():
    question = "Anything else?"
    reading = read(["person_id", question, question], ["1", "here", ""], ["2", "", "there"], ["3", "both", "ways"])

    assert given_by(reading) == [("1", {"anything": "here"}), ("2", {"anything": "there"})]
    assert [(refusal.row, refusal.code) for refusal in reading.refused] == [(4, "given_twice")]


def test_one_column_answers_the_question_of_either_role():
    same = {"ask": "How do you feel?", "type": "text"}
    form = Form.model_validate(
        {"name": "x", "questions": {"a": same | {"for": "mentors"}, "b": same | {"for": "mentees"}}}
    )
    one = read(["person_id", "How do you feel?"], ["1", "fine"], form=form)
    two = read(["person_id", "How do you feel?", "How do you feel?"], ["1", "fine", "well"], form=form)

    assert one.rows[0].given == {"a": "fine", "b": "fine"}
    assert two.rows[0].given == {"a": "fine", "b": "well"}


@pytest.mark.parametrize(
    ("lines", "columns", "words"),
    [
        ([["person_id", "useful"]], None, "no rows"),
        ([["useful", "anything"], ["4", "x"]], None, "no column says who answered"),
        ([["person_id", "shoe size"], ["1", "43"]], None, "no column belongs to a question"),
        ([["person_id", "Q1"], ["1", "4"]], {"Q11": "useful"}, "no column 'Q11' (the nearest is 'Q1')"),
        ([["person_id", "Q1"], ["1", "4"]], {"Q1": "usefull"}, "no question 'usefull' (the nearest is 'useful')"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(lines, columns, words):
    reading = read(*lines, columns=columns)
    assert reading.rows == ()
    assert reading.problem.startswith("answers.csv: ")
    assert words in reading.problem


@pytest.mark.parametrize("shape", [{"mark": ";", "encoding": "cp1252"}, {"mark": "\t", "encoding": "utf-16"}])
def test_other_tools_write_other_files(shape):
    assert given_by(read(["person_id", "anything"], ["1", "Zoë, again"], **shape)) == [
        ("1", {"anything": "Zoë, again"})
    ]


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from('1234a@.,;"\t\r\n\x07 ë/:'), max_size=120))
def test_no_jumble_raises_an_error(text):
    content = ("Timestamp,person_id,Email,met_on,useful\n" + text).encode()
    reading = read_answer_file.fn(content, FORM, file="answers.csv")

    assert reading.is_accounted_for
    places = [(refusal.row, refusal.column) for refusal in reading.refused]
    assert len(places) == len(set(places))
