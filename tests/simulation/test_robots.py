"""The robots: plausible, and the same whatever the order."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from cohortflow.simulation.robots import MailSeen, Reply, Robots
from schemas.forms import Form, clean_answer

pytestmark = pytest.mark.slow

FORMS_FOLDER = Path(__file__).parents[2] / "program_configs" / "forms"
MONDAY = datetime(2027, 3, 1, 8, tzinfo=UTC)
CROWD = 1200


@pytest.fixture(scope="module")
def robots() -> Robots:
    load = {path.stem: yaml.load(path.read_text("utf-8"), yaml.BaseLoader) for path in FORMS_FOLDER.glob("*.yaml")}
    return Robots(7, {name: Form.model_validate(form) for name, form in load.items()})


def mail(template: str, occasion: str, person: int, role: str = "mentee", n: int = 0, **changed: object) -> MailSeen:
    pair = () if template in ("invite", "reminder") else (f"pair-{person}",)
    facts = {"person_id": f"{role}-{person}", "role": role, "template": template, "occasion": occasion, "n": n}
    facts |= {"cohort_id": "a/b", "about": "-", "match_ids": pair, "stage": occasion.split(".")[0], "at": MONDAY}
    return MailSeen(**{**facts, **changed})


def answers_to(
    robots: Robots, template: str, occasion: str, *, silent: set[int] | None = None, **more: object
) -> dict[int, Reply]:
    """Who of the crowd answers a mail that goes to those not `silent`."""
    asked = (person for person in range(CROWD) if person not in (silent or ()))
    replies = {person: robots.reply_to(mail(template, occasion, person, **more)) for person in asked}
    return {person: reply for person, reply in replies.items() if reply}


def test_six_in_ten_apply_some_only_when_reminded_a_few_too_late(robots: Robots) -> None:
    first = answers_to(robots, "invite", "recruit.invite#1")
    second = answers_to(robots, "reminder", "recruit.reminder#1", silent=set(first))
    third = answers_to(robots, "reminder", "recruit.reminder#2", silent=set(first) | set(second))

    assert 0.55 < (len(first) + len(second) + len(third)) / CROWD < 0.68
    assert len(first) > len(second) > 0
    late = [reply for reply in third.values() if reply.at > MONDAY + timedelta(days=3)]
    assert 0 < len(late) < 0.05 * CROWD


def test_mentors_offer_and_mentees_want(robots: Robots) -> None:
    offered = next(iter(answers_to(robots, "invite", "recruit.invite#1", role="mentor").values())).answers
    wanted = next(iter(answers_to(robots, "invite", "recruit.invite#1").values())).answers

    assert {"skills_offered", "capacity"} <= offered.keys() and "skills_wanted" not in offered
    assert "skills_wanted" in wanted and "capacity" not in wanted


@pytest.mark.parametrize(
    ("template", "occasion", "n"),
    [
        ("invite", "recruit.invite#1", 0),
        ("meet_your_match", "match.meet_your_match#1", 0),
        ("welcome", "orient.welcome#1", 0),
        ("orientation_invite", "orient.orientation_invite#1", 0),
        ("orientation_reminder", "orient.orientation_reminder#1", 0),
        ("first_meeting", "check_in.first_meeting#1", 0),
        ("pulse", "check_in#1.pulse#1", 1),
        ("pulse_reminder", "check_in#4.pulse_reminder#1", 4),
        ("final_survey", "evaluate.final_survey#1", 0),
        ("goals", "goals.ask#1", 0),
    ],
)
@pytest.mark.parametrize("role", ["mentor", "mentee"])
def test_every_answer_passes_the_form_it_fills_in(
    robots: Robots, template: str, occasion: str, n: int, role: str
) -> None:
    for reply in answers_to(robots, template, occasion, role=role, n=n).values():
        assert clean_answer(robots.forms[reply.form], role, reply.answers)[1] == []
        assert reply.at > MONDAY


def test_most_accept_a_few_decline_the_rest_are_silent(robots: Robots) -> None:
    first = answers_to(robots, "meet_your_match", "match.meet_your_match#1")
    second = answers_to(robots, "accept_reminder", "match.accept_reminder#1", silent=set(first))
    said = Counter(reply.answers["accept"] for reply in (*first.values(), *second.values()))

    assert 0.84 < said[True] / CROWD < 0.92
    assert 0.02 < said[False] / CROWD < 0.065


def test_nobody_answers_both_a_mail_and_its_reminder(robots: Robots) -> None:
    for template, occasion, n in [("meet_your_match", "match", 0), ("pulse", "check_in#2", 2), ("goals", "goals", 0)]:
        reminder = {"meet_your_match": "accept_reminder"}.get(template, f"{template}_reminder")
        prompt = answers_to(robots, template, f"{occasion}.{template}#1", n=n)
        reminded = answers_to(robots, reminder, f"{occasion}.{reminder}#1", n=n)
        assert not prompt.keys() & reminded.keys()


def test_reminders_bring_the_form_that_was_put_off(robots: Robots) -> None:
    signed = answers_to(robots, "welcome", "orient.welcome#1")
    surveyed = answers_to(robots, "orientation_invite", "orient.orientation_invite#1")
    reminded = answers_to(robots, "orientation_reminder", "orient.orientation_reminder#1")

    assert not signed.keys() & {each for each, reply in reminded.items() if reply.form == "agreement"}
    assert not surveyed.keys() & {each for each, reply in reminded.items() if reply.form == "before"}


def test_pulses_tire_people_and_some_pairs_go_quiet(robots: Robots) -> None:
    shares, met = [], []
    for n in (1, 3, 5):
        prompt = answers_to(robots, "pulse", f"check_in#{n}.pulse#1", n=n)
        late = answers_to(robots, "pulse_reminder", f"check_in#{n}.pulse_reminder#1", n=n, silent=set(prompt))
        pulses = [reply.answers for reply in (prompt | late).values() if reply.form == "pulse"]
        shares.append(len(prompt | late) / CROWD)
        met.append(sum(bool(answers["met"]) for answers in pulses) / len(pulses))

    assert 0.85 > shares[0] > shares[1] > shares[2] > 0.55
    assert met[0] > met[2]


def test_both_sides_of_a_pair_tell_the_same_story(robots: Robots) -> None:
    mentees = answers_to(robots, "pulse", "check_in#3.pulse#1", n=3)
    mentors = answers_to(robots, "pulse", "check_in#3.pulse#1", n=3, role="mentor")

    for person in mentees.keys() & mentors.keys():
        assert mentees[person].answers["met"] == mentors[person].answers["met"]


def test_a_few_ask_for_another_partner_at_the_first_check_in_only(robots: Robots) -> None:
    first = answers_to(robots, "pulse", "check_in#1.pulse#1", n=1)
    wishes = [reply for reply in first.values() if reply.form == "rematch"]

    assert 0.01 * CROWD < len(wishes) < 0.07 * CROWD
    assert all(reply.about.startswith("pair-") for reply in wishes)
    later = answers_to(robots, "pulse", "check_in#2.pulse#1", n=2)
    assert {reply.form for reply in later.values()} == {"pulse"}


def test_a_mentor_of_two_answers_for_each_pair_in_one_sitting(robots: Robots) -> None:
    seen = (mail("pulse", "check_in#2.pulse#1", person, "mentor", 2, match_ids=("x", "y")) for person in range(40))
    both = next(replies for replies in map(robots.replies_to, seen) if len(replies) == 2)

    assert [reply.about for reply in both] == ["x", "y"]
    assert both[0].at == both[1].at


def test_mail_that_asks_nothing_gets_no_answer(robots: Robots) -> None:
    for template in (
        "manager_notice",
        "thank_you",
        "waitlist",
        "application_received",
        "alumni_invite",
        "partner_left",
    ):
        assert not answers_to(robots, template, f"match.{template}#1")


def test_a_program_without_a_form_gets_no_answer_to_it(robots: Robots) -> None:
    without = Robots(7, {name: form for name, form in robots.forms.items() if name != "agreement"})

    assert not answers_to(without, "welcome", "orient.welcome#1")


def test_a_program_may_call_its_forms_otherwise(robots: Robots) -> None:
    renamed = Robots(7, {"our_pulse": robots.forms["pulse"]}, {"pulse": "our_pulse"})
    replies = answers_to(renamed, "pulse", "check_in#2.pulse#1", n=2)

    assert {reply.form for reply in replies.values()} == {"our_pulse"}


def test_the_order_of_mails_and_the_global_generator_change_nothing(robots: Robots) -> None:
    mails = [mail("pulse", f"check_in#{n}.pulse#1", person, n=n) for n in (1, 2, 3) for person in range(60)]
    straight = {each: robots.reply_to(each) for each in mails}
    random.seed(1)
    random.shuffle(mails)

    assert {each: Robots(7, robots.forms).reply_to(each) for each in mails} == straight
    assert {each: Robots(8, robots.forms).reply_to(each) for each in mails} != straight


def test_answers_come_at_the_weekend_seldom(robots: Robots) -> None:
    days = Counter(reply.at.weekday() >= 5 for reply in answers_to(robots, "invite", "recruit.invite#1").values())

    assert days[True] < 0.1 * days[False]
