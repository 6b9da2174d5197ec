"""Retry, clicked in both of Prefect's pages: nothing is sent a second time, and what was left is done.

Both offer it on a completed run as on a failed one. The classic page asks the server; the other one (V2, a click away)
forces. A picture of each page lies in pytest's folder.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from first_circle import COHORT, INVITED, all_accepted, completed, drop_program, invite, ledger, letters
from prefect_installation import Installation, wait_for

from cohortflow.store.database import open_database

pytestmark = [pytest.mark.slow, pytest.mark.chromium, pytest.mark.timeout(600)]
TICK = ("advance-programs", "advance-program", "deliver-mail")


@dataclass(frozen=True)
class Operator:
    """Somebody before Prefect's pages."""

    installation: Installation
    browser: Any
    pictures: Path

    def retry(self, run: Any, page_of: str) -> bool:
        """Click Retry on the page of a run, and say yes; returns whether the page forces it."""
        origin = self.installation.environment["PREFECT_API_URL"].removesuffix("/api")
        page = self.browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{origin}{'/v2' if page_of == 'V2' else ''}/runs/flow-run/{run.id}")
        if page_of == "V2":
            page.get_by_role("button", name="Open menu").click()
            page.get_by_role("menuitem", name="Retry").click()
            question = page.get_by_role("alertdialog")
        else:
            page.get_by_role("button", name="Retry").click()
            question = page.get_by_role("dialog")
        yes = question.get_by_role("button", name="Retry")
        yes.wait_for()
        page.screenshot(path=self.pictures / f"{page_of}-{run.state.name}-{run.id}.png")
        with page.expect_response(lambda answer: answer.url.endswith(f"{run.id}/set_state")) as answered:
            yes.click()
        assert answered.value.json()["status"] == "ACCEPT"
        page.close()
        return bool(answered.value.request.post_data_json["force"])

    def over_again(self, run: Any) -> Any:
        """Wait until a run that was retried has ended once more."""

        def ended() -> Any:
            now = self.installation.client.read_flow_run(run.id)
            return now if now.run_count > run.run_count and now.state.is_final() else None

        return wait_for(f"{run.name} again", ended, seconds=180, told=self.installation.told)


@pytest.fixture
def operator(installation: Installation, chromium_browser: Any, tmp_path: Path) -> Operator:
    """An operator of an installation whose first cohort is invited, and whose schedule is paused."""
    if not letters(installation):
        invite(installation)
        for name in TICK:
            wait_for(name, lambda name=name: completed(installation, name), seconds=240, told=installation.told)
    tick = installation.client.read_deployment_by_name("advance-programs/advance-programs")
    installation.client.pause_deployment(tick.id)
    return Operator(installation, chromium_browser, tmp_path)


@contextmanager
def nothing_can_be_queued(installation: Installation) -> Iterator[None]:
    """For a while, the database refuses every new message."""
    database = open_database(f"sqlite:///{installation.home / 'var' / 'cohortflow.db'}")
    with database.write() as db:
        db.execute(sa.text("create trigger refuse before insert on messages begin select raise(abort, 'full'); end"))
    try:
        yield
    finally:
        with database.write() as db:
            db.execute(sa.text("drop trigger refuse"))
        database.close()


def run_and_wait(operator: Operator, deployment: str, **given: str) -> Any:
    """Start a deployment's run, and wait until it is over."""
    client = operator.installation.client
    run = client.create_flow_run_from_deployment(
        client.read_deployment_by_name(f"{deployment}/{deployment}").id, parameters=given
    )
    return operator.over_again(run)


@pytest.mark.parametrize("page_of", ["classic", "V2"])
def test_retry_on_completed_runs_sends_nothing(operator: Operator, page_of: str) -> None:
    there, told = letters(operator.installation), ledger(operator.installation)
    runs = [operator.installation.runs_of(name)[0] for name in TICK]
    assert all(run.state.is_completed() for run in runs)

    forced = {operator.retry(run, page_of) for run in runs}

    assert forced == {page_of == "V2"}
    assert all(operator.over_again(run).state.is_completed() for run in runs)
    assert letters(operator.installation) == there
    assert ledger(operator.installation) == told


def test_retry_on_a_run_that_must_fail_again_sends_nothing(operator: Operator) -> None:
    there, told = letters(operator.installation), ledger(operator.installation)
    early = run_and_wait(operator, "approve-matches", cohort_id=COHORT, by="role:approver#1")
    assert early.state.is_failed()

    operator.retry(early, "V2")

    again = operator.over_again(early)
    assert again.state.is_failed() and again.state.message == early.state.message
    assert letters(operator.installation) == there
    assert ledger(operator.installation) == told


def test_retry_on_a_failed_run_does_what_was_left_once(operator: Operator) -> None:
    here, there = operator.installation, letters(operator.installation)
    drop_program(here.home, "Second Circle")
    with nothing_can_be_queued(here):
        assert run_and_wait(operator, "advance-programs").state.is_completed()
        failed = wait_for("the failure", lambda: failed_run(here, "second-circle"), seconds=240, told=here.told)
        assert letters(here) == there

    operator.retry(failed, "classic")
    done = operator.over_again(failed)
    wait_for("mails", lambda: all_accepted(here), seconds=240, told=here.told)
    then, told = letters(here), ledger(here)

    assert done.state.is_completed()
    assert there.items() <= then.items() and len(then) == len(there) + len(INVITED)
    assert set(Counter(message_id for message_id, *_ in told["message_attempts"]).values()) == {1}

    operator.retry(done, "classic")
    assert operator.over_again(done).state.is_completed()
    assert letters(here) == then
    assert ledger(here) == told


def failed_run(installation: Installation, program_id: str) -> Any:
    """The run that was to advance a program and failed."""
    runs = [run for run in installation.runs_of("advance-program") if run.parameters == {"program_id": program_id}]
    return next((run for run in runs if run.state.is_failed()), None)
