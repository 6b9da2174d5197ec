"""One program, three zones: everybody reads the same mail at nine of their own morning, on a day on which they work."""

import pytest
from scene_files import COMPANY, HEADER, PROGRAM, STAFF, application
from scenes import utc
from story import ADA, BO, CEM, FAY, MAYA, OWNER, SAM, Enter, Story, with_change, with_line

from schemas.replies import Reply

pytestmark = pytest.mark.slow

IN_PUNE = (MAYA, CEM)
WITH_PUNE = with_change(COMPANY, "    Austin:", "    Pune: { zone: Asia/Kolkata, holidays: IN-MH }\n    Austin:")
# Applications end on Monday 25 January, so the first reminder is meant for Monday the 18th.
ROUND_MLK_DAY = with_line(
    PROGRAM,
    "{ starts: 2027-03-01, ends: 2027-05-28, seats: 6, stages: { recruit: { opens: 2027-01-11, closes: 2027-01-25 } } }",
)


def in_three_zones(enter_at: Enter, program: str = PROGRAM) -> Story:
    """The small company with an office in Pune, at its very beginning."""
    story = enter_at("nothing", program=program)
    story.write_company(WITH_PUNE)
    lines = [line.replace(",Berlin,", ",Pune,") if line[:3] in IN_PUNE else line for line in STAFF.splitlines()]
    story.now = utc(2027, 1, 8, 12)
    story.write_roster("\n".join([HEADER, *lines]) + "\n")
    story.sites |= dict.fromkeys(IN_PUNE, "Pune")
    story.tick()
    return story


def test_everybody_is_invited_at_nine_of_their_own(enter_at: Enter) -> None:
    story = in_three_zones(enter_at)
    story.live_past("recruit.invite#1")

    for person in (MAYA, CEM, ADA, BO, SAM):
        assert [letter.when for letter in story.letters_to(person)] == ["Mon 25 Jan 09:00"]
    instants = {row["person_id"]: row["sent_at"] for row in story.mails("invite")}
    assert instants[CEM] == utc(2027, 1, 25, 3, 30)
    assert instants[ADA] == utc(2027, 1, 25, 8)
    assert instants[BO] == utc(2027, 1, 25, 15)


def test_before_moves_back_over_a_holiday_of_the_site(enter_at: Enter) -> None:
    story = in_three_zones(enter_at, ROUND_MLK_DAY)
    story.live_past("recruit.reminder#1", hours=72)

    # Seven days before 25 January is the 18th: Martin Luther King Day in Austin, a Monday elsewhere.
    for person in (CEM, ADA):
        assert story.letters_to(person, "reminder")[0].when == "Mon 18 Jan 09:00"
    assert story.letters_to(BO, "reminder")[0].when == "Fri 15 Jan 09:00"


def test_after_moves_on_over_a_holiday_of_the_site(enter_at: Enter) -> None:
    opens_on_mlk_day = with_line(
        PROGRAM,
        "{ starts: 2027-03-01, ends: 2027-05-28, seats: 6, stages: { recruit: { opens: 2027-01-18, closes: 2027-02-08 } } }",
    )
    story = in_three_zones(enter_at, opens_on_mlk_day)
    story.live_past("recruit.invite#1", hours=72)

    assert story.letters_to(ADA)[0].when == "Mon 18 Jan 09:00"
    # In Texas the 19th is a holiday of the state, too.
    assert story.letters_to(BO)[0].when == "Wed 20 Jan 09:00"


def test_no_mail_ever_goes_on_a_weekend(enter_at: Enter) -> None:
    opens_on_saturday = with_line(
        PROGRAM,
        "{ starts: 2027-03-01, ends: 2027-05-28, seats: 6, stages: { recruit: { opens: 2027-01-23, closes: 2027-02-07 } } }",
    )
    story = in_three_zones(enter_at, opens_on_saturday)
    story.live_past("recruit.reminder#2", hours=72)

    assert story.occasion("recruit.opens")["done_at"] == utc(2027, 1, 22, 23), "the milestone keeps its day"
    for person in (CEM, ADA, BO):
        days = [letter.when[:10] for letter in story.letters_to(person)]
        assert days == ["Mon 25 Jan", "Fri 29 Jan", "Fri 05 Feb"]


def test_an_answer_in_the_evening_is_confirmed_the_next_morning(enter_at: Enter) -> None:
    story = in_three_zones(enter_at)
    story.live_past("recruit.invite#1")
    friday_evening = utc(2027, 1, 29, 18)
    story.live_to(friday_evening)

    story.take([Reply(person, "apply", "recruit", application(person), story.now) for person in (CEM, ADA, FAY)])
    story.live_to(utc(2027, 2, 1, 20))

    assert story.letters_to(CEM, "application_received")[0].when == "Mon 01 Feb 09:00"
    assert story.letters_to(ADA, "application_received")[0].when == "Mon 01 Feb 09:00"
    assert story.letters_to(FAY, "application_received")[0].when == "Fri 29 Jan 12:00"


def test_every_reader_keeps_their_nine_when_clocks_change(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    story.live_past("check_in#2.pulse#1")

    # Austin changed on 14 March, Berlin on 28 March.
    assert story.letters_to(BO, "pulse")[-1].when == "Mon 26 Apr 09:00"
    assert story.letters_to(ADA, "pulse")[-1].when == "Mon 26 Apr 09:00"


def test_owner_and_approver_keep_the_hours_of_the_program(enter_at: Enter) -> None:
    story = in_three_zones(enter_at)
    story.live_past("recruit.invite#1")
    story.everybody_applies((CEM, ADA, FAY, MAYA))
    story.live_past("match.approval_overdue#1", hours=24)

    hours = {letter.when[-5:] for letter in story.letters_to(OWNER) + story.letters_to("role:approver#1")}
    assert hours == {"09:00"}
