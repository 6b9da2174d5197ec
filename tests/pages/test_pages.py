"""The plan, the gallery and the book in a real browser: wide, on a phone, in the dark, by keyboard and on paper."""

from typing import Any

import pytest
from page_checks import assert_in_order, assert_readable, opened, overhang, sheets

pytestmark = pytest.mark.chromium
PAGES = ("plan", "gallery", "book")


@pytest.fixture(params=PAGES)
def address(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_word_stands_out(chromium_browser: Any, address: str, dark: bool) -> None:
    with opened(chromium_browser, address, dark=dark) as page:
        assert_readable(page)


def test_headings_and_names_are_in_order(chromium_browser: Any, address: str) -> None:
    with opened(chromium_browser, address) as page:
        assert_in_order(page)


def test_nothing_is_wider_than_a_phone(chromium_browser: Any, address: str) -> None:
    with opened(chromium_browser, address, width=360) as page:
        assert overhang(page) == 0


def test_whoever_dislikes_motion_sees_none(chromium_browser: Any, address: str) -> None:
    with opened(chromium_browser, address) as page:
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


# --- the plan -----------------------------------------------------------------------------------------------------


def test_the_plan_says_everything_without_a_script(chromium_browser: Any, plan: str) -> None:
    with opened(chromium_browser, plan, script=False) as page:
        assert page.locator("#recruit-invite-1").inner_text().startswith("Mon 4 Jan")
        assert not page.locator(".filters").is_visible()
        assert overhang(page) == 0


def test_the_plan_narrows_down_to_a_role_and_a_site(chromium_browser: Any, plan: str) -> None:
    with opened(chromium_browser, plan) as page:
        page.get_by_label("Who").select_option("approver")
        page.locator("#only-mails").check()
        shown = page.locator("#calendar .entry:not([hidden]) b").all_inner_texts()
        assert [text.split("  ")[-1] for text in shown] == ["Approval request", "Approval reminder"]
        page.get_by_label("Site").select_option("Pune")
        assert page.locator("#holidays tbody tr:not([hidden])").filter(has_text="Austin").count() == 1  # Good Friday


def test_a_deadline_leads_to_its_day_though_it_was_hidden(chromium_browser: Any, plan: str) -> None:
    with opened(chromium_browser, plan) as page:
        page.get_by_label("Who").select_option("owner")
        page.locator("#only-mails").check()
        page.get_by_role("link", name="Last day to approve the matches").click()
        page.locator("#match-approval:not([hidden])").wait_for()
        assert page.get_by_label("Who").input_value() == ""


def test_the_plan_fits_on_sheets_of_paper(chromium_browser: Any, plan: str) -> None:
    with opened(chromium_browser, plan) as page:
        assert 5 < sheets(page) < 20


# --- the gallery --------------------------------------------------------------------------------------------------


def test_the_gallery_shows_a_mail_in_four_ways(chromium_browser: Any, gallery: str) -> None:
    with opened(chromium_browser, f"{gallery}#de/match/meet_your_match/longest") as page:
        card = page.locator('[id="de/match/meet_your_match/longest"]')
        card.locator(".dark iframe").wait_for()
        assert card.locator("figcaption").all_inner_texts() == ["As a mail", "Plain text", "On a phone", "In the dark"]
        grounds = [
            card.frame_locator(f".{view} iframe")
            .locator("body")
            .evaluate("(at) => getComputedStyle(at).backgroundColor")
            for view in ("wide", "dark")
        ]
        assert grounds[0] != grounds[1]
        assert page.evaluate(
            "document.querySelector('.views[data-view]').closest('article').getBoundingClientRect().top < 800"
        )


@pytest.mark.parametrize("view", ["wide", "phone"])
def test_no_name_is_too_long_for_a_mail(chromium_browser: Any, gallery: str, view: str) -> None:
    with opened(chromium_browser, f"{gallery}#de/match/meet_your_match/longest") as page:
        frame = page.locator('[id="de/match/meet_your_match/longest"]').frame_locator(f".{view} iframe")
        frame.locator("h1").wait_for()
        wide = frame.locator("html").evaluate("(at) => at.scrollWidth - at.clientWidth")
        assert wide == 0


def test_the_gallery_is_used_by_keyboard(chromium_browser: Any, gallery: str) -> None:
    with opened(chromium_browser, f"{gallery}#en/recruit/invite/typical") as page:
        page.locator('[id="en/recruit/invite/typical"] iframe').first.wait_for()
        page.keyboard.press("j")
        assert page.url.endswith("#en/recruit/reminder/typical")
        page.keyboard.press("l")
        page.locator('[id="de/recruit/reminder/typical"]').wait_for()
        page.keyboard.press("/")
        page.keyboard.type("MEET_your_match")
        page.get_by_text("1 mail shown", exact=True).wait_for()
        page.keyboard.press("Escape")
        page.locator('[id="de/recruit/invite/typical"]').wait_for()


def test_one_view_can_be_seen_alone(chromium_browser: Any, gallery: str) -> None:
    with opened(chromium_browser, gallery) as page:
        page.get_by_label("View").select_option("text")
        page.get_by_label("Stage").select_option("close")
        page.locator(".card pre").first.wait_for()
        assert page.locator(".card iframe").count() == 0


def test_the_gallery_prints_a_mail_in_all_its_views(chromium_browser: Any, gallery: str) -> None:
    with opened(chromium_browser, gallery) as page:
        page.get_by_label("Stage").select_option("close")
        page.get_by_role("button", name="Print").click()
        page.locator("body[data-printable='6']").wait_for()
        assert 2 <= sheets(page) <= 4


# --- the book -----------------------------------------------------------------------------------------------------


def test_the_arrows_turn_the_pages_of_the_book(chromium_browser: Any, book: str) -> None:
    with opened(chromium_browser, f"{book}#m10") as page:
        page.locator("article h2").get_by_text("Mail 10", exact=True).wait_for()
        page.keyboard.press("ArrowDown")
        page.locator("article h2").get_by_text("Mail 11", exact=True).wait_for()
        page.keyboard.press("ArrowLeft")
        page.locator("article h2").get_by_text("Mail 10", exact=True).wait_for()


def test_the_book_prints_what_was_found_one_mail_a_sheet(chromium_browser: Any, book: str) -> None:
    with opened(chromium_browser, book) as page:
        page.keyboard.press("/")
        page.keyboard.type("lengthy")
        page.get_by_text("30 mails found", exact=True).wait_for()
        page.get_by_role("button", name="Print these").click()
        page.locator("body[data-printable='30']").wait_for()
        assert sheets(page) == 30


def test_a_book_of_thousands_holds_few_elements_at_once(chromium_browser: Any, book: str) -> None:
    with opened(chromium_browser, book) as page:
        assert page.evaluate("document.querySelectorAll('*').length") < 6000
        assert page.locator("#summary").inner_text() == "3,000 mails to 300 people"
