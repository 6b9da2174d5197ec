"""An operator's tour of Prefect's pages, in a browser: approve a cohort, hold it, look what would go out, let it go on.

The classic pages open first; V2 is a click away. Approval is given in the classic form, the rest in that of V2. A picture of
every station lies in pytest's folder, or in the one that SCREENSHOTS names.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from first_circle import letters
from prefect_installation import wait_for
from raised_cohort import OWNER, announced, ended, matches, occasion_rows, set_clock
from raised_cohort import mails as mails_of
from raised_installation import Raised
from scene_files import COHORT

pytestmark = [pytest.mark.slow, pytest.mark.chromium, pytest.mark.timeout(900)]
MISSPELT = "small-circel/2027-spring"
TABLE = "cohort-small-circle-2027-spring"
LONG = 120_000  # milliseconds: a loaded machine is slow, not wrong


@dataclass(frozen=True)
class Operator:
    """Somebody before the pages of an installation."""

    system: Raised
    browser: Any
    pictures: Path

    @contextmanager
    def at(self, path: str) -> Iterator[Any]:
        """One page, which asks nobody outside this machine for anything."""
        origin = f"http://127.0.0.1:{self.system.port}"
        page = self.browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(LONG)
        page.route(lambda url: not url.startswith(origin), lambda route: route.abort())
        page.goto(f"{origin}{path}", wait_until="domcontentloaded")
        yield page
        page.close()

    def picture(self, page: Any, name: str) -> None:
        """Keep how a page looks."""
        page.wait_for_timeout(500)
        page.screenshot(path=self.pictures / f"{name}.png", full_page=True)

    def fill_in(self, action: str, cohort_id: str, by: str, **more: str | bool) -> Any:
        """Fill in the form of an action in V2, submit it, and wait for the end of its run."""
        with self.at(f"/v2/deployments/deployment/{self._id_of(action)}/run") as page:
            page.get_by_role("textbox", name="cohort_id").fill(cohort_id)
            page.get_by_role("textbox", name="by", exact=True).fill(by)
            for name, value in more.items():
                if value is True:
                    page.get_by_role("switch", name=f"{name} (Optional)").click()
                else:
                    page.get_by_role("button", name=f"Select {name}").click()
                    page.get_by_role("option", name=str(value), exact=True).click()
            self.picture(page, f"form-{action}{'-really' if more.get('really') else ''}")
            return self._submitted(page)

    def approve_in_the_classic_form(self) -> Any:
        """Fill in the form of approve-matches where it opens first, submit it, and wait for the end of its run."""
        with self.at(f"/deployments/deployment/{self._id_of('approve-matches')}/run") as page:
            cohort_id, by = page.locator("textarea").nth(0), page.locator("textarea").nth(1)
            cohort_id.fill(COHORT)
            by.fill("role:approver#1")
            self.picture(page, "form-approve-matches")
            return self._submitted(page)

    def table_of(self, run: Any, key: str) -> list[list[str]]:
        """Open a table of a run from its page, as one does, and read it row by row."""
        with self.at(f"/runs/flow-run/{run.id}") as page:
            page.get_by_role("listitem").filter(has_text="Artifacts").click()
            page.get_by_role("link", name=f"table {key} ").click()
            found = rows_shown(page)
            self.picture(page, f"table-{key}")
            return found

    def standing(self) -> dict[str, list[str]]:
        """Open the table that always stands for the cohort, and read it: what, and the rest of its row."""
        with self.at(f"/artifacts/key/{TABLE}") as page:
            page.locator("a[href*='/artifacts/artifact/']").first.click()
            found = rows_shown(page)
            self.picture(page, "standing")
            return {row[0]: row[1:] for row in found}

    def _id_of(self, action: str) -> str:
        return str(self.system.client.read_deployment_by_name(f"{action}/{action}").id)

    def _submitted(self, page: Any) -> Any:
        button = page.get_by_role("button", name="Submit")
        for press in (button.click, *[lambda: button.press("Enter")] * 4):
            with page.expect_response(lambda answer: answer.url.endswith("/create_flow_run")) as answered:
                press()
            if answered.value.ok:
                break
            # Prefect's SQLite was busy, and nothing was started: one presses again, by a key, for what the page says
            # of it lies over the button.
            assert answered.value.status >= 500, answered.value.text()
        return ended(self.system, self.system.client.read_flow_run(answered.value.json()["id"]))


def rows_shown(page: Any) -> list[list[str]]:
    """The rows of the one table on a page, without its head."""
    page.get_by_role("cell").first.wait_for()
    rows = [row.get_by_role("cell").all_inner_texts() for row in page.get_by_role("row").all()]
    return [[cell.strip() for cell in row] for row in rows if row]


def sent(system: Raised) -> int:
    """How many mails of the cohort the post has taken."""
    return len(mails_of(system, cohort_id=COHORT, state="accepted"))


@dataclass(frozen=True)
class Toured:
    """What an operator did to the cohort, one after the other: the runs of the forms, and what was seen in between."""

    approval: Any
    held: Any
    looked: Any
    resumed: Any
    standing: dict[str, list[str]]
    shown: list[list[str]]
    sent_before: int
    sent_while_held: int


@pytest.fixture(scope="module")
def operator(system: Raised, chromium_browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """An operator of an installation that `cohortflow up` has raised, where a small cohort waits for its approval."""
    pictures = Path(os.environ.get("SCREENSHOTS", tmp_path_factory.mktemp("tour") / "pictures"))
    pictures.mkdir(parents=True, exist_ok=True)
    return Operator(system, chromium_browser, pictures)


@pytest.fixture(scope="module")
def toured(operator: Operator) -> Toured:
    """Approved, held, looked at when its mails are due, and let go on; the mails are out."""
    system = operator.system
    approval = operator.approve_in_the_classic_form()
    held = operator.fill_in("hold-cohort", COHORT, OWNER, why="a trial")
    sent_before, due = sent(system), occasion_rows(system)["match.meet_your_match#1"]["due_at"]
    # Half past four in Berlin, half past nine in Austin: everybody may be written to.
    set_clock(system, due + timedelta(hours=7, minutes=30))
    looked = operator.fill_in("resume-cohort", COHORT, OWNER)
    shown, standing = operator.table_of(looked, "resume"), operator.standing()
    sent_while_held = sent(system) - sent_before
    resumed = operator.fill_in("resume-cohort", COHORT, OWNER, really=True)
    everybody = {person for each in matches(system) for person in (each["mentor_id"], each["mentee_id"])}
    wait_for("announcements", lambda: {person for person, _ in announced(system)} == everybody,
             seconds=300, told=system.told)  # fmt: skip
    return Toured(approval, held, looked, resumed, standing, shown, sent_before, sent_while_held)


def test_every_form_is_taken_and_its_run_goes_well(toured: Toured) -> None:
    for run in (toured.approval, toured.held, toured.looked, toured.resumed):
        assert run.state.is_completed(), run.state.message


def test_approval_says_how_many_and_each_match_is_announced_once(operator: Operator, toured: Toured) -> None:
    assert operator.table_of(toured.approval, "approved") == [[COHORT, "5"]]
    assert len(matches(operator.system, "approved")) == 5
    assert set(announced(operator.system).values()) == {1}


def test_looking_first_counts_the_mails_that_go_out_afterwards(operator: Operator, toured: Toured) -> None:
    counted = {row[0]: (int(row[2]), row[3]) for row in toured.shown}

    assert toured.sent_while_held == 0
    assert toured.standing["cohort"][0].startswith("held")
    assert counted["match.meet_your_match#1"] == (announced(operator.system).total(), "done")
    mails = sum(number for number, _ in counted.values())
    assert (announced(operator.system).total(), mails) == (9, 15)
    wait_for("the rest", lambda: sent(operator.system) == toured.sent_before + mails,
             seconds=120, told=operator.system.told)  # fmt: skip


def test_a_second_approval_finds_nothing_to_approve(operator: Operator, toured: Toured) -> None:
    there = letters(operator.system)

    again = operator.approve_in_the_classic_form()

    assert again.state.is_completed(), again.state.message
    assert operator.table_of(again, "approved") == [[COHORT, "0"]]
    assert letters(operator.system) == there


def test_the_table_of_the_cohort_says_how_it_stands(operator: Operator, toured: Toured) -> None:
    told = operator.standing()

    assert told["cohort"][0] == "running"
    assert told["matches"][0] == "5 approved"
    assert told["next 1"][1:] != ["", ""]


def test_runs_are_found_by_name_and_bear_the_tag_of_the_cohort(operator: Operator, toured: Toured) -> None:
    with operator.at("/runs") as page:
        page.get_by_role("searchbox", name="Search by flow run name").fill(f"{COHORT} · match")
        page.get_by_text("advance-programs").first.wait_for(state="hidden")
        page.get_by_role("link", name=f"{COHORT} · match").first.wait_for()
        assert page.get_by_text(COHORT, exact=True).count()
        operator.picture(page, "runs")


def test_a_misspelt_cohort_is_answered_with_the_nearest(operator: Operator, toured: Toured) -> None:
    failed = operator.fill_in("hold-cohort", MISSPELT, OWNER)

    assert failed.state.is_failed()
    with operator.at(f"/runs/flow-run/{failed.id}") as page:
        page.get_by_text(f"did you mean {COHORT}?").first.wait_for()
        operator.picture(page, "misspelt")
