"""The book of mails, opened in a real browser."""

import base64
import json
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cohortflow.simulation.book import BookEntry, write_book

STAGES = ("recruit", "match", "check_in")


def letter(number: int = 0, **changed: Any) -> BookEntry:
    day = date(2027, 1, 4) + timedelta(days=number // 20)
    stage = STAGES[number // 20 % 3]
    facts: dict[str, Any] = {
        "message_id": f"m{number}",
        "sent_at": datetime(day.year, day.month, day.day, 8, number % 20, tzinfo=UTC),
        "local_time": f"{day} 09:{number % 20:02} +01:00",
        "day": day,
        "person_id": f"p{number % 7}",
        "to_name": f"Zoë Number {number % 7}",
        "role": "mentee",
        "stage": stage,
        "occasion": f"{stage}.mail#1",
        "template": f"{stage}_mail",
        "language": "en",
        "state": "accepted",
        "subject": f"Letter {number}",
        "text": f"Plain words of letter {number}",
        "html": f"<!doctype html><body><p>Rich words of letter {number}</p></body>",
    }
    return BookEntry(**facts | changed)


def unpacked(path: Path) -> dict[str, Any]:
    packed = re.search(r'id="packed">([^<]*)<', path.read_text("utf-8"))
    assert packed
    return dict(json.loads(zlib.decompress(base64.b64decode(packed[1]))))


def test_the_same_letters_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    letters = [letter(number) for number in range(50)]
    write_book(letters, tmp_path / "one.html", "A book")
    write_book(reversed(letters), tmp_path / "two.html", "A book")

    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_thousands_of_mails_make_a_small_page(tmp_path: Path) -> None:
    filler = "".join(f'<td style="padding:{number}px;font-family:Georgia">part {number}</td>' for number in range(120))
    letters = (letter(n, html=f"<p>Hello reader {n * 7919 % 3001}</p>{filler}") for n in range(3000))
    write_book(letters, tmp_path / "book.html", "A book")

    assert (tmp_path / "book.html").stat().st_size < 3_000_000


def test_an_attachment_many_got_is_kept_once(tmp_path: Path) -> None:
    card = ("card.vcf", "text/vcard", b"BEGIN:VCARD")
    write_book([letter(number, attachments=(card,)) for number in range(9)], tmp_path / "book.html", "A book")

    book = unpacked(tmp_path / "book.html")
    assert len(book["files"]) == 1 and [row["files"] for row in book["letters"]] == [[0]] * 9


def test_nothing_in_the_page_is_fetched_or_breaks_out_of_it(tmp_path: Path) -> None:
    evil = letter(subject="</script><script>alert(1)</script>", html='<img src="https://evil.example/x.png">')
    write_book([evil], tmp_path / "book.html", "</title><script>alert(2)</script>")
    page = (tmp_path / "book.html").read_text("utf-8")

    assert "alert(" not in page.replace("&lt;/title&gt;&lt;script&gt;alert(2)&lt;/script&gt;", "")
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=\"https?:", page)


@pytest.fixture
def book(tmp_path: Path) -> str:
    letters = [letter(number) for number in range(90)]
    letters.append(
        letter(200, text="A word: Übermut", subject="Found it", attachments=(("a.txt", "text/plain", b"hi"),))
    )
    letters.append(letter(201, html="<body><h1>Bad</h1><script>parent.document.title='broken'</script></body>"))
    write_book(letters, tmp_path / "book.html", "A book of letters")
    return (tmp_path / "book.html").as_uri()


@pytest.fixture
def page(chromium_browser: Any) -> Iterator[Any]:
    opened = chromium_browser.new_page(viewport={"width": 1200, "height": 800})
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    opened.close()
    assert complaints == []


def read(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("body[data-ready]")


@pytest.mark.chromium
def test_search_finds_words_of_the_mail_without_their_accents(page: Any, book: str) -> None:
    read(page, book)
    page.keyboard.press("/")
    page.keyboard.type("zoe UBERMUT")
    page.get_by_text("1 mail found", exact=True).wait_for()
    page.keyboard.press("Enter")

    assert page.locator("article h2").inner_text() == "Found it"


@pytest.mark.chromium
def test_a_deep_link_opens_its_mail(page: Any, book: str) -> None:
    read(page, f"{book}#m57")

    assert page.locator("article h2").inner_text() == "Letter 57"
    assert page.frame_locator("article iframe").locator("p").inner_text() == "Rich words of letter 57"
    assert page.locator(".row[aria-current]").get_attribute("data-id") == "m57"


@pytest.mark.chromium
def test_keys_move_from_mail_to_mail_and_show_the_text(page: Any, book: str) -> None:
    read(page, f"{book}#m10")
    page.keyboard.press("j")
    page.wait_for_url("**#m11")
    page.keyboard.press("k")
    page.wait_for_url("**#m10")
    page.keyboard.press("t")

    assert page.locator("article pre").inner_text() == "Plain words of letter 10"
    page.keyboard.press("Escape")
    page.wait_for_selector(".cover")


@pytest.mark.chromium
def test_mails_lie_by_day_by_person_and_by_stage(page: Any, book: str) -> None:
    from playwright.sync_api import expect

    read(page, book)
    assert "Monday, 4 January 2027" in page.locator("summary").first.inner_text()
    page.get_by_role("button", name="By person").click()
    assert page.locator("summary").count() == 7
    page.get_by_role("button", name="By stage").click()
    by_stage = [re.compile(rf"^\s*{stage}\b") for stage in ("Recruit", "Match", "Check")]
    expect(page.locator("summary")).to_have_text(by_stage, use_inner_text=True)
    page.locator("summary").nth(1).click()
    page.locator("details[open] .row").nth(10).wait_for()


@pytest.mark.chromium
def test_a_long_day_folds_and_unfolds(page: Any, book: str) -> None:
    read(page, book)
    first = page.locator("details").first
    assert first.locator("a.row").count() == 3
    first.locator("button.more").click()
    first.locator("a.row").nth(19).wait_for()


@pytest.mark.chromium
def test_an_attachment_can_be_saved(page: Any, book: str, tmp_path: Path) -> None:
    read(page, f"{book}#m200")
    with page.expect_download() as download:
        page.locator(".files a").click()
    download.value.save_as(tmp_path / "saved")

    assert download.value.suggested_filename == "a.txt"
    assert (tmp_path / "saved").read_bytes() == b"hi"


@pytest.mark.chromium
def test_a_mail_cannot_run_a_script_in_the_book(page: Any, book: str) -> None:
    read(page, f"{book}#m201")
    page.frame_locator("article iframe").locator("h1").wait_for()

    assert page.title() == "A book of letters"


@pytest.mark.chromium
def test_on_a_phone_the_list_gives_way_to_the_mail(page: Any, book: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    read(page, book)
    page.locator("a.row").first.click()
    page.locator("article h2").wait_for()
    assert not page.locator("#contents").is_visible()
    page.get_by_text("All mails").click()
    page.locator("#list").wait_for()

    assert page.evaluate("document.documentElement.scrollWidth") == 390
