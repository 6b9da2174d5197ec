"""Workers that are killed, put to sleep, or work side by side: real processes, judged by what lies in the outbox."""

import pytest
from small_town import OPENS, Town, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PROGRAMS = ("circle-a", "circle-b")
EVERYBODY = dict.fromkeys(PROGRAMS, 60)
LEASE = 2


def test_a_worker_killed_while_it_plans_is_made_good(town: Town) -> None:
    town.let_it_be(OPENS)
    worker = town.start()
    until("an occasion is claimed", lambda: [row for row in town.rows("occasions") if row["lease_owner"]], worker)
    worker.kill()

    town.settle()

    assert town.invited(*PROGRAMS) == EVERYBODY
    town.insist()


def test_a_worker_killed_while_it_sends_repeats_and_loses_nothing(town: Town) -> None:
    town.let_it_be(OPENS)
    worker = town.asleep_while_sending()
    worker.kill()
    before = town.letters()
    assert town.count("messages", state="sending") > 0

    town.settle()

    assert before.items() <= town.letters().items()
    assert town.invited(*PROGRAMS) == EVERYBODY
    town.insist()


def test_workers_at_once_do_everything_once(town: Town) -> None:
    town.let_it_be(OPENS)

    workers = [town.start(lease_seconds=60) for _ in range(3)]
    assert [worker.ended() for worker in workers] == [0, 0, 0]

    town.settle()  # for what one left because another held it
    assert town.invited(*PROGRAMS) == EVERYBODY
    assert {row["attempt"] for row in town.rows("message_attempts")} == {1}
    town.insist()


def test_a_sender_asleep_past_its_lease_sends_nothing_again(town: Town) -> None:
    town.let_it_be(OPENS)
    sleeper = town.asleep_while_sending()
    assert town.count("messages", state="sending") > 0

    town.settle()
    after = town.letters()
    assert town.invited(*PROGRAMS) == EVERYBODY
    sleeper.wake()
    assert sleeper.ended() == 0

    assert town.letters() == after
    town.insist()
