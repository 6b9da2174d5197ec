"""The phrases of the configuration are read as a coordinator means them."""

from datetime import date, time

import pytest

from schemas.phrases import AtMost, Attach, DateRange, Hours, Size, Span, Unclear, When, read_day, read_time
from schemas.program import read_condition
from schemas.rules import Signal


@pytest.mark.parametrize(
    ("text", "count", "unit"),
    [("8 weeks", 8, "weeks"), ("1 day", 1, "days"), ("3 working days", 3, "working days"), ("24 months", 24, "months"), ("0 days", 0, "days")],
)  # fmt: skip
def test_a_span_has_a_count_and_a_unit(text, count, unit):
    span = Span.parse(text)

    assert (span.count, span.unit, str(span)) == (count, unit, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("soon", "is not a length of time"),
        ("-3 days", "is not a length of time"),
        ("3", "is not a length of time"),
        ("3.5 days", "is not a length of time"),
        ("2 years", "write 24 months"),
        ("48 hours", "write days"),
        ("3 wekes", "unknown unit 'wekes'"),
        ("999 weeks", "longer than ten years"),
    ],
)
def test_an_unknown_span_says_how_to_mend_it(text, words):
    with pytest.raises(Unclear, match=words):
        Span.parse(text)


@pytest.mark.parametrize(
    ("text", "offset", "sign", "anchor", "stage"),
    [
        ("opens", None, 0, "opens", None),
        ("start", None, 0, "start", None),
        ("halfway", None, 0, "halfway", None),
        ("first_meeting", None, 0, "first_meeting", None),
        ("on approval", None, 0, "approval", None),
        ("on response", None, 0, "response", None),
        ("recruit closes", None, 0, "closes", "recruit"),
        ("8 weeks before start", Span(8, "weeks"), -1, "start", None),
        ("3 working days after recruit closes", Span(3, "working days"), 1, "closes", "recruit"),
        ("2 days after on approval", Span(2, "days"), 1, "approval", None),
        ("10  days after   first meeting", Span(10, "days"), 1, "first_meeting", None),
    ],
)
def test_a_moment_is_an_anchor_or_counted_from_one(text, offset, sign, anchor, stage):
    when = When.parse(text)

    assert (when.offset, when.sign, when.anchor, when.stage, when.day) == (offset, sign, anchor, stage, None)


def test_a_moment_may_be_a_written_date():
    assert When.parse("2027-07-05").day == date(2027, 7, 5)


@pytest.mark.parametrize(
    "text", ["2027-02-30", "someday", "3 days", "3 days before approval", "recruit start", "before start", ""]
)
def test_an_unknown_moment_is_refused(text):
    with pytest.raises(Unclear):
        When.parse(text)


def test_a_range_of_days_holds_both_its_ends():
    assert DateRange.parse("2027-12-24 to 2028-01-02") == DateRange(date(2027, 12, 24), date(2028, 1, 2))
    assert DateRange.parse("2027-12-24").last == date(2027, 12, 24)
    with pytest.raises(Unclear, match="2027-12-24 to 2028-01-02"):
        DateRange.parse("2028-01-02 to 2027-12-24")


def test_hours_open_before_they_close():
    assert Hours.parse("9:00 - 17:30") == Hours(time(9), time(17, 30))
    for text in ("17:00-09:00", "09:00", "9-17", "09:00-24:00"):
        with pytest.raises(Unclear):
            Hours.parse(text)


def test_a_limit_counts_mails_in_days():
    assert AtMost.parse("2 per person per week") == AtMost(2, 7)
    with pytest.raises(Unclear):
        AtMost.parse("0 per person per week")


def test_an_invitation_has_length_day_and_hour():
    attach = Attach.parse("calendar 2 hours on 3 days after start at 15:00")

    assert (attach.kind, attach.hours, attach.at) == ("calendar", 2, time(15))
    assert attach.on.offset == Span(3, "days")
    assert Attach.parse("contact_card").on is None


def test_a_group_has_at_least_two_people():
    assert Size.parse("3 to 6") == Size(3, 6)
    for text in ("1 to 6", "6 to 3", "many"):
        with pytest.raises(Unclear):
            Size.parse(text)


@pytest.mark.parametrize(
    ("given", "op", "values"),
    [
        ("P6 or above", "at_or_above", ("P6",)),
        ("P2 or below", "at_or_below", ("P2",)),
        ("P3 to P5", "between", ("P3", "P5")),
        ("at least 12 months", "at_least_months", ("12",)),
        ("at most 2 years", "at_most_months", ("24",)),
        ("not Legal", "is_not", ("Legal",)),
        ("Research and Development", "is", ("Research and Development",)),
        (["Sales", "Legal"], "is", ("Sales", "Legal")),
        (["not Sales", "not Legal"], "is_not", ("Sales", "Legal")),
    ],
)
def test_a_condition_compares_or_lists(given, op, values):
    condition = read_condition(given)

    assert (condition.op, condition.values) == (op, values)


@pytest.mark.parametrize("given", ["", [], ["not Sales", "Legal"], [["Sales"]], {"level": "P6"}, "at least a year"])
def test_an_unclear_condition_is_refused(given):
    with pytest.raises(Unclear):
        read_condition(given)


def test_a_sign_of_trouble_keeps_its_number():
    assert (Signal.read("no meeting for 35 days").kind, Signal.read("no meeting for 35 days").n) == ("no_meeting", 35)
    assert Signal.read("goal overdue").n is None


@pytest.mark.parametrize(
    "text", ["2027-2-3", "20270203", "2027-02-29", "1999-01-01", "2027-02-03T00:00", "２０２７-02-03"]
)
def test_an_impossible_day_is_refused(text):
    with pytest.raises(Unclear, match="YYYY-MM-DD"):
        read_day(text)


def test_an_impossible_time_is_refused():
    assert read_time("9:05") == time(9, 5)
    for text in ("24:00", "9", "09:60", "09:00:00"):
        with pytest.raises(Unclear):
            read_time(text)


@pytest.mark.parametrize(
    ("written", "cure"),
    [
        ("2027-3-1", "write 2027-03-01"),
        ("01.03.2027", "write 2027-03-01"),
        ("2027/03/01", "write 2027-03-01"),
        ("31.2.2027", "write YYYY-MM-DD, for example 2027-03-01"),
        ("3/1/2027", "write YYYY-MM-DD, for example 2027-03-01"),
    ],
)
def test_a_date_written_otherwise_is_told_as_it_was_meant(written, cure):
    with pytest.raises(Unclear) as caught:
        read_day(written)

    assert caught.value.mend == cure
