"""An operator's tour of Prefect's pages, in a browser: find a cohort's runs, read its tables, approve, hold and resume it.

The classic pages open first; V2 is a click away. Approval is given in the classic form, the rest in that of V2. A picture of
every station lies in pytest's folder, or in the one that SCREENSHOTS names.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from first_circle import letters
from prefect_installation import wait_for
from raised_installation import Raised, raised
from scene_files import COHORT
from scenes import cohort_awaiting_approval

from cohortflow.store import instances, occasions, tallies
from cohortflow.store.database import Database, open_database
from cohortflow.store.tables import metadata

pytestmark = [pytest.mark.slow, pytest.mark.chromium, pytest.mark.timeout(900)]
OWNER, MISSPELT = "role:owner", "small-circel/2027-spring"
TABLE = "cohort-small-circle-2027-spring"
messages = metadata.tables["messages"]
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
        for _ in range(5):
            with page.expect_response(lambda answer: answer.url.endswith("/create_flow_run")) as answered:
                page.get_by_role("button", name="Submit").click()
            if answered.value.ok:
                break
            # Prefect's SQLite was busy, and nothing was started: one presses again.
            assert answered.value.status >= 500, answered.value.text()
        run_id = answered.value.json()["id"]

        def over() -> Any:
            found = self.system.client.read_flow_run(run_id)
            return found if found.state is not None and found.state.is_final() else None

        return wait_for("the run of the form", over, seconds=300, told=self.system.told)


def rows_shown(page: Any) -> list[list[str]]:
    """The rows of the one table on a page, without its head."""
    page.get_by_role("cell").first.wait_for()
    rows = [row.get_by_role("cell").all_inner_texts() for row in page.get_by_role("row").all()]
    return [[cell.strip() for cell in row] for row in rows if row]


@contextmanager
def store(system: Raised) -> Iterator[Database]:
    """Our own database."""
    database = open_database(f"sqlite:///{system.home / 'var' / 'cohortflow.db'}")
    yield database
    database.close()


def set_clock(system: Raised, now: datetime) -> None:
    """Have the installation live at another instant from now on."""
    with store(system) as database, database.write() as db:
        instances.set_clock(db, base=now, started=datetime.now(UTC))


def matches(system: Raised) -> dict[str, int]:
    """How many matches of the cohort are in which state."""
    with store(system) as database, database.read() as db:
        return dict(tallies.match_states(db, COHORT))


def announced(system: Raised) -> Counter[tuple[str, str]]:
    """How often each person was told of each match, by the mails that the post has taken."""
    of_a_match = sa.and_(messages.c.template == "meet_your_match", messages.c.state == "accepted")
    query = sa.select(messages.c.person_id, messages.c.about).where(of_a_match)
    with store(system) as database, database.read() as db:
        return Counter((person_id, about) for person_id, about in db.execute(query))


@pytest.fixture(scope="module")
def operator(chromium_browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """An operator of an installation that `cohortflow up` has raised, where a small cohort waits for its approval."""
    folder = tmp_path_factory.mktemp("tour")
    pictures = Path(os.environ.get("SCREENSHOTS", folder / "pictures"))
    pictures.mkdir(parents=True, exist_ok=True)
    scene = cohort_awaiting_approval(folder / "home", transport="outbox")
    with scene.house.database.write() as db:
        instances.set_clock(db, base=scene.now, started=datetime.now(UTC))
    scene.close()
    with raised(folder, folder / "home", "--tick-every", "20") as system:
        yield Operator(system, chromium_browser, pictures)


@pytest.fixture(scope="module")
def announcing(operator: Operator) -> tuple[Operator, Any, set[str]]:
    """The matches approved by the form, and announced at their time by the ticks; with that run and the mails before."""
    before = set(letters(operator.system))
    run = operator.approve_in_the_classic_form()
    assert run.state.is_completed(), run.state.message
    with store(operator.system) as database, database.read() as db:
        (due,) = [each["due_at"] for each in occasions.rows_of(db, COHORT) if each["key"] == "match.meet_your_match#1"]
    # Half past four in Berlin, half past nine in Austin: everybody may be written to.
    set_clock(operator.system, due + timedelta(hours=7, minutes=30))
    told = operator.system.told
    wait_for(
        "announcements",
        lambda: len({person_id for person_id, _ in announced(operator.system)}) == 9,
        seconds=300,
        told=told,
    )
    return operator, run, before


def test_approval_by_the_form_announces_each_match_once(announcing: tuple[Operator, Any, set[str]]) -> None:
    operator, run, before = announcing
    there = letters(operator.system)

    assert matches(operator.system) == {"approved": 5}
    assert set(announced(operator.system).values()) == {1}
    assert operator.table_of(run, "approved") == [[COHORT, "5"]]
    again = operator.approve_in_the_classic_form()
    assert again.state.is_completed(), again.state.message
    assert operator.table_of(again, "approved") == [[COHORT, "0"]]
    assert set(announced(operator.system).values()) == {1}
    assert there.items() <= letters(operator.system).items() and before < set(there)


def test_the_table_of_the_cohort_says_how_it_stands(announcing: tuple[Operator, Any, set[str]]) -> None:
    operator, *_ = announcing

    told = operator.standing()

    assert told["cohort"][0] == "running"
    assert told["matches"][0] == "5 approved"
    assert told["next 1"][1:] != ["", ""]


def test_runs_are_found_by_name_and_bear_the_tag_of_the_cohort(announcing: tuple[Operator, Any, set[str]]) -> None:
    operator, *_ = announcing

    with operator.at("/runs") as page:
        page.get_by_role("searchbox", name="Search by flow run name").fill(f"{COHORT} · match")
        page.get_by_text("advance-programs").first.wait_for(state="hidden")
        page.get_by_role("link", name=f"{COHORT} · match").first.wait_for()
        assert page.get_by_text(COHORT, exact=True).count()
        operator.picture(page, "runs")


def test_hold_then_look_then_resume(operator: Operator) -> None:
    held = operator.fill_in("hold-cohort", COHORT, OWNER, why="a trial")
    assert held.state.is_completed(), held.state.message
    assert operator.standing()["cohort"][0].startswith("held")

    looked = operator.fill_in("resume-cohort", COHORT, OWNER)
    assert looked.state.is_completed(), looked.state.message
    assert operator.table_of(looked, "resume")[-1][0] == "mails queued before"
    assert operator.standing()["cohort"][0].startswith("held")

    resumed = operator.fill_in("resume-cohort", COHORT, OWNER, really=True)
    assert resumed.state.is_completed(), resumed.state.message
    assert operator.standing()["cohort"][0] == "running"


def test_a_misspelt_cohort_is_answered_with_the_nearest(operator: Operator) -> None:
    failed = operator.fill_in("hold-cohort", MISSPELT, OWNER)

    assert failed.state.is_failed()
    with operator.at(f"/runs/flow-run/{failed.id}") as page:
        page.get_by_text(f"did you mean {COHORT}?").first.wait_for()
        operator.picture(page, "misspelt")
