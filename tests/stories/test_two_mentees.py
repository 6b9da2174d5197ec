"""A mentor with two mentees: one mail that names both, and one check-in that asks about each."""

from scene_files import PULSE
from story import ADA, DEE, MAYA, Enter


def test_a_mentor_of_two_is_introduced_to_both_in_one_mail(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval")
    story.approve()
    story.live_past("match.meet_your_match#1")

    (introduction,) = story.letters_to(MAYA, "meet_your_match")

    assert introduction.subject.startswith("Meet Ada Šouza and Dee Marsh")
    assert "ada.souza@acme.example" in introduction.text
    assert "dee.marsh@acme.example" in introduction.text
    assert introduction.when == "Fri 12 Feb 09:00"
    for mentee in (ADA, DEE):
        (theirs,) = story.letters_to(mentee, "meet_your_match")
        assert theirs.subject.startswith("Meet Maya Cohen (")


def test_a_mentor_of_two_answers_for_each_match(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    with_ada, with_dee = (story.match_of(mentee, MAYA)["match_id"] for mentee in (ADA, DEE))
    (mail,) = story.mails("pulse", MAYA)
    assert mail["asks"]["abouts"] == sorted([with_ada, with_dee])

    assert not story.reply(MAYA, "pulse", "check_in#1", PULSE, about=with_ada)
    story.live_past("check_in#1.pulse_reminder#1")

    (reminder,) = story.mails("pulse_reminder", MAYA)
    assert reminder["asks"]["abouts"] == [with_dee], "what she answered is not asked again"
    assert story.got(MAYA) == ["pulse_reminder"]


def test_a_mentor_of_two_may_say_no_to_one(enter_at: Enter) -> None:
    story = enter_at("announced")
    with_ada, with_dee = (story.match_of(mentee, MAYA)["match_id"] for mentee in (ADA, DEE))

    assert not story.reply(MAYA, "accept", "match.accept", {"accept": "no"}, about=with_ada)
    assert not story.reply(MAYA, "accept", "match.accept", {"accept": "yes"}, about=with_dee)

    assert story.match_of(ADA, MAYA)["state"] == "declined"
    assert story.match_of(DEE, MAYA)["state"] == "approved"
    assert story.person(MAYA)["state"] == "matched", "she still has a mentee"
    assert story.person(ADA)["state"] == "waitlisted"
