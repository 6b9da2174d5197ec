"""The same bad times where mail leaves through SendGrid: judged by what the fake one says that it accepted."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from post_office import PostOffice, opened_post_office
from posted_town import accepted, insist, settle_by_the_record, tick_until_quiet
from pydantic import SecretStr
from small_town import OPENS, Town, founded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
EVERYBODY = 120


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A SendGrid that takes its time."""
    with opened_post_office(latency=0.25) as found:
        yield found


@pytest.fixture
def town(tmp_path: Path, database_url: str, office: PostOffice) -> Iterator[Town]:
    """A town whose mail leaves through it."""
    key = SecretStr("SG.a-key-of-the-tests")
    with founded(tmp_path, database_url, mail="sendgrid", sendgrid_host=office.host, sendgrid_api_key=key) as found:
        yield found


def test_a_worker_killed_while_it_posts_repeats_and_loses_nothing(town: Town, office: PostOffice) -> None:
    town.let_it_be(OPENS)
    worker = town.sender(lambda: len(accepted(office)) > 5)
    worker.kill()
    assert town.count("messages", state="sending") > 0

    tick_until_quiet(town)
    insist(town, office, finished=False)
    in_doubt = settle_by_the_record(town, office)
    tick_until_quiet(town)

    assert in_doubt > 0
    assert Counter(accepted(office)) == Counter({row["message_id"]: 1 for row in town.rows("messages")})
    assert len(accepted(office)) == EVERYBODY
    insist(town, office, finished=True)


def test_a_run_that_is_executed_thrice_at_once_posts_each_mail_once(town: Town, office: PostOffice) -> None:
    town.let_it_be(OPENS)

    workers = [town.start(lease_seconds=60) for _ in range(3)]
    assert [worker.ended() for worker in workers] == [0, 0, 0]

    tick_until_quiet(town)
    assert len(accepted(office)) == EVERYBODY
    assert {row["attempt"] for row in town.rows("message_attempts")} == {1}
    insist(town, office, finished=True)


def test_a_sender_asleep_past_its_lease_posts_nothing_again(town: Town, office: PostOffice) -> None:
    town.let_it_be(OPENS)
    sleeper = town.sender(lambda: len(accepted(office)) > 5)
    town.put_to_sleep(sleeper)

    tick_until_quiet(town)
    settle_by_the_record(town, office)
    sleeper.wake()
    sleeper.ended()
    tick_until_quiet(town)
    settle_by_the_record(town, office)
    tick_until_quiet(town)

    assert len(accepted(office)) == EVERYBODY
    insist(town, office, finished=True)
