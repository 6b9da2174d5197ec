"""A reader whose language has no text of a mail gets it in one that has, whole: words, days and label in the same."""

from scenes import utc
from story import ADA, COMPANY, Enter

FRENCH = COMPANY.replace("from: Acme Mentoring", "languages: [en, fr]\n  from: Acme Mentoring")


def test_a_reader_of_a_language_without_texts_gets_english_with_english_days(enter_at: Enter) -> None:
    story = enter_at("nothing")
    story.write_company(FRENCH)
    path = story.drop_roster()
    path.write_text(path.read_text(encoding="utf-8").replace("Ada Šouza,M02,Finance,Analyst,P4,Berlin,2022-01-10,en;de",
                                                             "Ada Šouza,M02,Finance,Analyst,P4,Berlin,2022-01-10,fr;en"),
                    encoding="utf-8")  # fmt: skip

    story.tick()
    story.live_to(utc(2027, 1, 26, 12))

    (invite,) = story.letters_to(ADA, "invite")
    (letter,) = [each for each, _ in story.sent if each.to_address == "ada.souza@acme.example"]
    assert "1 March 2027" in invite.text and "mars" not in invite.text
    assert letter.language == "en" and '<html lang="en"' in letter.html
