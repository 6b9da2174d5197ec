"""The same bad times where mail leaves through SendGrid: judged by what the fake one says that it accepted."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from invariants import check_invariants
from post_office import PostOffice, opened_post_office
from pydantic import SecretStr
from small_town import OPENS, OnDisk, Town, founded, until

from cohortflow.engine import plainly
from flows.house import House, living_in, open_house
from flows.settling import settle_unknown

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
EVERYBODY = 120


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A SendGrid that takes its time."""
    with opened_post_office(latency=0.05) as found:
        yield found


@pytest.fixture
def town(tmp_path: Path, database_url: str, office: PostOffice) -> Iterator[Town]:
    """A town whose mail leaves through it."""
    key = SecretStr("SG.a-key-of-the-tests")
    with founded(tmp_path, database_url, mail="sendgrid", sendgrid_host=office.host, sendgrid_api_key=key) as found:
        yield found


def accepted(office: PostOffice) -> list[str]:
    """The ids of the mails that it took, each as often as it took it."""
    return list(office.record()["accepted"])


def insist(town: Town, office: PostOffice, *, finished: bool) -> None:
    """Nothing was taken twice; what counts as accepted was taken, what was taken counts so or is named as in doubt."""
    taken = Counter(accepted(office))
    assert set(taken.values()) <= {1}
    told = {row["message_id"]: row["state"] for row in town.rows("messages")}
    assert {each for each, state in told.items() if state == "accepted"} <= set(taken)
    assert {told[each] for each in taken} <= {"accepted", "unknown"}
    house = House(town.settings, town.database, OnDisk(handed=list(taken)))
    check_invariants(house, finished=finished)


def tick_until_quiet(town: Town) -> None:
    """Tick on until no mail waits or is held by the dead."""
    for _ in range(8):
        if not town.count("messages", state="queued") + town.count("messages", state="sending"):
            return
        until("the leases have run out", lambda: not leases_left(town), seconds=30)
        assert town.tick().code == 0, town.told()
    raise AssertionError(town.told())


def leases_left(town: Town) -> bool:
    """Whether somebody who is gone still holds a mail or an occasion."""
    return any((row["lease_until"] or 0) > time.time() for name in ("messages", "occasions") for row in town.rows(name))


def settle_by_the_record(town: Town, office: PostOffice) -> int:
    """An operator looks at SendGrid's own pages, and says of each mail in doubt whether it left; how many there were."""
    doubtful, taken = town.rows("messages", state="unknown"), set(accepted(office))
    house = open_house(town.settings)
    with plainly(), living_in(house):
        for row in doubtful:
            verdict = "sent" if row["message_id"] in taken else "resend"
            settle_unknown(row["message_id"], verdict, "role:operator")
    house.database.close()
    return len(doubtful)


def test_a_worker_killed_while_it_posts_repeats_and_loses_nothing(town: Town, office: PostOffice) -> None:
    town.let_it_be(OPENS)
    worker = town.start()
    until("some mails are taken", lambda: len(accepted(office)) > 5, worker)
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

    workers = [town.start() for _ in range(3)]
    assert [worker.ended() for worker in workers] == [0, 0, 0]

    tick_until_quiet(town)
    assert len(accepted(office)) == EVERYBODY
    assert {row["attempt"] for row in town.rows("message_attempts")} == {1}
    insist(town, office, finished=True)


def test_a_sender_asleep_past_its_lease_posts_nothing_again(town: Town, office: PostOffice) -> None:
    town.let_it_be(OPENS)
    sleeper = town.start()
    until("some mails are taken", lambda: len(accepted(office)) > 5, sleeper)
    sleeper.sleep()

    tick_until_quiet(town)
    settle_by_the_record(town, office)
    sleeper.wake()
    sleeper.ended()
    tick_until_quiet(town)
    settle_by_the_record(town, office)
    tick_until_quiet(town)

    assert len(accepted(office)) == EVERYBODY
    insist(town, office, finished=True)
