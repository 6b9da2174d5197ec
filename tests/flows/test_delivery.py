"""Delivery as a whole: what is held by a breaker, sent again by a text's word, or ended when the worker must go."""

import os
import signal
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from post_office import PostOffice, opened_post_office
from pydantic import SecretStr
from queued_invitations import at_the_invitations, delivered, states
from scenes import cohort_declared
from sqlalchemy.engine import Connection

from cohortflow.engine import plainly
from cohortflow.mailroom.choosing import transport_for
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.outbox import OutboxTransport
from cohortflow.mailroom.smtp_transport import SmtpTransport
from cohortflow.mailroom.transports import MemoryTransport, Outcome
from cohortflow.mailroom.windows import BatchWindow
from cohortflow.store import claiming, places, settling
from cohortflow.store import messages as ledger
from cohortflow.store.settling import BY_RULE
from cohortflow.store.tables import messages
from flows import delivery
from flows.delivery import Delivery, deliver_mail
from flows.house import living_in
from flows.settling import GRACE
from flows.stopping import Stop
from schemas.errors import CohortflowError
from schemas.settings import Settings


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with opened_post_office() as found:
        yield found


@pytest.mark.parametrize(("word", "asked"), [("hold", 10), ("resend", 11)])
def test_an_unknown_mail_follows_its_text_after_a_day(
    tmp_path: Path, office: PostOffice, monkeypatch: pytest.MonkeyPatch, word: str, asked: int
) -> None:
    office.plan(["reset before"])
    scene = at_the_invitations(tmp_path, office.transport())
    stationery = scene.house.stationery(scene.mails()[0]["texts_hash"])
    plain = stationery.texts["recruit/invite.en.md"]
    monkeypatch.setitem(
        stationery.texts, "recruit/invite.en.md", plain.replace("class:", f"on_unknown: {word}\nclass:", 1)
    )
    monkeypatch.setattr(stationery, "_sources", {})  # what was read of the plain text
    delivered(scene)
    assert states(scene) == {"accepted": 9, "unknown": 1}
    scene.now += GRACE - timedelta(minutes=1)
    delivered(scene)
    assert len(office.record()["asked"]) == 10
    scene.now += timedelta(minutes=1)
    delivered(scene)

    assert len(office.record()["asked"]) == asked
    named = {row["actor"] for row in scene.rows("message_attempts")}
    assert (BY_RULE in named) is (word == "resend")


class ToldToGo(MemoryTransport):
    """A memory in which the process is told to stop while a batch is on its way."""

    def send(self, letter: Letter, at: object) -> Outcome:
        """Take the letter; the third one comes with the signal."""
        if len(self.sent) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().send(letter, at)  # type: ignore[arg-type]


def test_a_worker_that_must_go_ends_what_it_has_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = at_the_invitations(tmp_path, ToldToGo())
    monkeypatch.setattr("flows.delivery.BATCH", 4)
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
    try:
        delivered(scene)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert seen == [signal.SIGTERM], "and then it goes"
    assert states(scene) == {"accepted": 4, "queued": 6}


@pytest.mark.parametrize(
    ("mail", "kind"), [("", OutboxTransport), ("outbox:{home}/post", OutboxTransport), ("smtp://h:25", SmtpTransport)]
)
def test_the_setting_chooses_the_transport(tmp_path: Path, mail: str, kind: type) -> None:
    settings = Settings(home=tmp_path, mail=mail.format(home=tmp_path))

    assert isinstance(transport_for(settings), kind)


def test_sendgrid_needs_a_key_from_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENDGRID_API_KEY", raising=False)
    with pytest.raises(CohortflowError, match="SENDGRID_API_KEY"):
        transport_for(Settings(home=tmp_path, mail="sendgrid"))
    assert transport_for(Settings(home=tmp_path, mail="sendgrid", sendgrid_api_key=SecretStr("SG.x")))
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.zz-canary")
    settings = Settings(home=tmp_path, mail="sendgrid")
    assert transport_for(settings) and "zz-canary" not in repr(settings)
    with pytest.raises(CohortflowError, match="is unknown"):
        transport_for(Settings(home=tmp_path, mail="pigeon:loft"))


def test_the_outbox_takes_a_batch_at_once(tmp_path: Path) -> None:
    scene = at_the_invitations(tmp_path, OutboxTransport(tmp_path / "post"))

    assert delivered(scene) == {"accepted": 10}
    files = sorted(path.stem for path in (tmp_path / "post").glob("*.eml"))
    assert files == sorted(row["message_id"] for row in scene.mails())
    assert list((tmp_path / "post" / ".partial").iterdir()) == []


def test_a_database_that_forgets_sends_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = at_the_invitations(tmp_path, post := MemoryTransport())
    last_words, commits = delivery.append_notes, []

    def forget_the_first(db: Connection, *given: Any) -> None:
        last_words(db, *given)
        commits.append(db)
        if len(commits) == 1:
            db.rollback()

    monkeypatch.setattr(delivery, "append_notes", forget_the_first)
    monkeypatch.setattr(delivery, "BATCH", 4)
    delivered(scene)

    gone = [sent.letter.message_id for sent in post]
    assert len(gone) == len(set(gone)) == 4
    assert {row["message_id"] for row in scene.mails() if row["state"] == "unknown"} == set(gone)
    assert states(scene) == {"unknown": 4, "queued": 6}
    with scene.house.database.read() as db:
        assert places.sending_hold(db) == places.FORGOT
        assert ledger.next_instant(db) is None, "nobody waits for what is held"
    monkeypatch.undo()
    assert delivered(scene) == {}


def test_what_has_left_is_marked_though_the_next_cannot_be_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = at_the_invitations(tmp_path, post := MemoryTransport())
    plain, calls = claiming.claim_batch, []

    def claim(*given: Any, **named: Any) -> Any:
        calls.append(named["size"])
        if len(calls) == 2:
            raise CohortflowError("the disk is full")
        return plain(*given, **named)

    monkeypatch.setattr(claiming, "claim_batch", claim)
    monkeypatch.setattr(delivery, "BATCH", 4)
    with pytest.raises(CohortflowError, match="disk is full"):
        delivered(scene)
    assert len(post.sent) == 4 and states(scene) == {"accepted": 4, "queued": 6}

    monkeypatch.undo()
    assert delivered(scene) == {"accepted": 6}
    assert states(scene) == {"accepted": 10}


class Asked(BatchWindow):
    """A full window that keeps how many outcomes were waited for."""

    busy_with = room = 0

    def outcomes(self, at_least: int = 0) -> list[tuple[str, Outcome]]:
        """None yet."""
        self.at_least = at_least
        return []


@pytest.mark.parametrize(("busy_with", "at_least"), [(16, 384), (200, 200), (400, 200)])
def test_no_more_is_waited_for_than_keeps_the_way_busy(tmp_path: Path, busy_with: int, at_least: int) -> None:
    scene = cohort_declared(tmp_path, transport=MemoryTransport())
    window = Asked(scene.house.transport)
    window.busy_with = busy_with
    run = Delivery(scene.house, scene.now, window, Stop())
    run.on_their_way = dict.fromkeys(map(str, range(400)))  # type: ignore[assignment]

    assert run.what_came_back() == [] and window.at_least == at_least


def test_a_mail_a_person_sends_again_may_go_in_the_same_run(tmp_path: Path) -> None:
    scene = at_the_invitations(tmp_path, MemoryTransport())
    delivered(scene)
    first = scene.mails()[0]
    run = Delivery(scene.house, scene.now, BatchWindow(scene.house.transport), Stop())
    run.handed[hash(first["message_id"])] = first["fence"]
    with scene.house.database.write() as db:
        db.execute(sa.update(messages).where(messages.c.message_id == first["message_id"]).values(state="unknown"))
        settling.give_verdict(db, first["message_id"], "resend", scene.now, actor="dana")

    assert run.go_on([]) == 1 and list(run.on_their_way) == [first["message_id"]]


def test_only_the_way_a_mail_went_is_asked_what_became_of_it(tmp_path: Path, office: PostOffice) -> None:
    office.plan(["500 but accepted"])
    scene = at_the_invitations(tmp_path / "house", office.transport())
    delivered(scene)
    assert states(scene) == {"accepted": 9, "unknown": 1}

    scene.house.transport = OutboxTransport(tmp_path / "outbox")
    scene.house.settings = scene.house.settings.model_copy(update={"mail": f"outbox:{tmp_path / 'outbox'}"})
    scene.now += timedelta(minutes=10)
    delivered(scene)
    scene.house.transport = office.transport()
    delivered(scene)

    assert states(scene) == {"accepted": 9, "unknown": 1}, "the outbox was never given it, and cannot know"
    assert len(office.record()["accepted"]) == len(set(office.record()["accepted"])) == 10


def test_mail_does_not_end_in_a_folder_because_a_variable_was_not_set(tmp_path: Path, office: PostOffice) -> None:
    office.plan(["401"])
    scene = at_the_invitations(tmp_path / "house", office.transport(in_flight=1))
    delivered(scene)
    before = states(scene)

    scene.house.transport = OutboxTransport(tmp_path / "outbox")
    with pytest.raises(CohortflowError, match="COHORTFLOW_MAIL is not set here, and mail of this database has left by"):
        delivered(scene)
    assert states(scene) == before and list((tmp_path / "outbox").glob("*.eml")) == []

    scene.house.settings = scene.house.settings.model_copy(update={"mail": "outbox:"})
    scene.now += timedelta(minutes=10)
    delivered(scene)
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 10, "who says so gets it"


def test_an_outage_leaves_few_mails_in_doubt(tmp_path: Path, office: PostOffice) -> None:
    office.plan(["503"] * 10)
    scene = at_the_invitations(tmp_path, office.transport(in_flight=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "MOST_DOUBTS", 3)
        delivered(scene)

    found = states(scene)
    assert found["unknown"] < 6 and found["unknown"] + found["queued"] == 10
    waits = {row["retry_at"] for row in scene.mails() if row["state"] == "queued"}
    assert all(at is None or at >= scene.now + timedelta(minutes=29) for at in waits)


@pytest.mark.parametrize("broken", ["remember", "written"])
def test_what_was_claimed_and_not_handed_over_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    scene = at_the_invitations(tmp_path, post := MemoryTransport())

    def fail(*given: Any) -> Any:
        raise OSError("no room left")

    monkeypatch.setattr(delivery, broken, fail)
    with pytest.raises(OSError, match="no room left"):
        delivered(scene)
    assert (states(scene), len(post)) == ({"queued": 10}, 0)

    monkeypatch.undo()
    scene.now += timedelta(minutes=10)
    assert delivered(scene) == {"accepted": 10}


def test_one_letter_that_cannot_be_written_keeps_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scene = at_the_invitations(tmp_path, MemoryTransport())
    plain, first = delivery.write_letter, scene.mails()[0]["message_id"]

    def write(desk: Any, message: Any) -> Any:
        if message.message_id == first:
            raise KeyError("maya.cohen@acme.example")
        return plain(desk, message)

    monkeypatch.setattr(delivery, "write_letter", write)
    delivered(scene)

    assert states(scene) == {"accepted": 9, "queued": 1}
    (row,) = (each for each in scene.mails() if each["message_id"] == first)
    assert row["reason"].startswith("KeyError at test_delivery.py:")
    assert "maya" not in caplog.text


def test_a_long_delivery_looks_at_the_clock_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = at_the_invitations(tmp_path, MemoryTransport())
    hours = chain([scene.now] * 2, repeat(scene.now + timedelta(hours=12)))
    monkeypatch.setattr(type(scene.house), "now", lambda _: next(hours))
    monkeypatch.setattr(delivery, "BATCH", 4)
    with plainly(), living_in(scene.house):
        deliver_mail()

    assert states(scene) == {"accepted": 4, "queued": 6}, "the rest waits for the morning"
    assert {row["not_before"] > scene.now for row in scene.mails() if row["state"] == "queued"} == {True}


class Stumbling(BatchWindow):
    """A window of which one letter is lost for good, and nobody knows why."""

    def outcomes(self, at_least: int = 0) -> list[tuple[str, Outcome]]:
        """The second time nothing comes back any more."""
        if not hasattr(self, "stumbled"):
            self.stumbled = True
            raise RuntimeError("out of memory")
        return super().outcomes(at_least)[1:]


def test_what_comes_back_after_a_fault_is_written_down_and_nothing_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = at_the_invitations(tmp_path, post := MemoryTransport())
    monkeypatch.setattr(delivery, "opened", lambda transport: nullcontext(Stumbling(transport)))

    with pytest.raises(RuntimeError, match="out of memory"):
        delivered(scene)

    assert len(post) == 10 and states(scene) == {"accepted": 9, "sending": 1}
