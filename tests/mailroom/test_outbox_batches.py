"""The outbox by the batch: late is late, a name is given once and only to what the disk has, no result is lost."""

import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Event

import pytest

from cohortflow.mailroom import outbox as outbox_module
from cohortflow.mailroom import windows
from cohortflow.mailroom.letters import eml
from cohortflow.mailroom.outbox import OutboxTransport
from cohortflow.mailroom.transports import MemoryTransport, Outcome
from schemas.errors import DeliveryError

AT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only there can be seen what is synced")


def soon() -> float:
    return time.monotonic() + 600


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def sleep_past(instant: float) -> None:
    while time.monotonic() <= instant:
        time.sleep(0.01)


class Asleep(OutboxTransport):
    """An outbox whose worker sleeps while it waits for the disk, until the lease of some is over."""

    late = 0.0

    def _sync(self, files):
        super()._sync(files)
        sleep_past(self.late)


def test_what_is_late_after_the_disk_gets_no_name(tmp_path, letter):
    outbox = Asleep(tmp_path, durable=False)
    outbox.late = time.monotonic() + 0.2
    letters = [letter(message_id=each) for each in ("a", "b", "c")]

    found = outbox.send_all(letters, AT, [soon(), outbox.late, soon()])

    assert found == [Outcome("accepted"), windows.TOO_SLOW, Outcome("accepted")]
    assert names(tmp_path) == ["a.eml", "c.eml"], "and nothing half written is left"


def test_a_woken_worker_hands_no_letter_over(tmp_path, letter):
    outbox = Asleep(tmp_path, durable=False)
    outbox.late = time.monotonic() + 0.5
    with windows.opened(outbox) as window:
        window.put(letter(), AT, outbox.late)

        assert window.outcomes(1) == [("a1b2c3", windows.TOO_SLOW)]

    assert names(tmp_path) == []


class Slow(MemoryTransport):
    """A way on which a letter takes longer than the lease."""

    late = 0.0

    def send(self, letter, at):
        """Take the letter, and be late."""
        sleep_past(self.late)
        return super().send(letter, at)


def test_each_letter_of_a_batch_has_its_own_look_at_the_clock(letter):
    slow = Slow()
    slow.late = time.monotonic() + 0.5
    with windows.opened(slow) as window:
        window.put(letter(message_id="a"), AT, slow.late)
        window.put(letter(message_id="b"), AT, slow.late)

        assert window.outcomes(2) == [("a", Outcome("accepted")), ("b", windows.TOO_SLOW)]


def test_a_batch_that_comes_again_replaces_no_file(tmp_path, letter):
    outbox = OutboxTransport(tmp_path)
    outbox.send_all([letter()], AT, [soon()])
    first = (tmp_path / "a1b2c3.eml").stat().st_ino

    (again,) = outbox.send_all([letter(subject="Something else")], AT, [soon()])

    assert again == Outcome("accepted", "already there")
    assert (tmp_path / "a1b2c3.eml").stat().st_ino == first
    assert (tmp_path / "a1b2c3.eml").read_bytes() == eml(letter(), AT)
    assert names(tmp_path) == ["a1b2c3.eml"]


class Abreast(OutboxTransport):
    """An outbox that two use at once: both have written their files before either names one."""

    both = Barrier(2, timeout=30)

    def _sync(self, files):
        super()._sync(files)
        self.both.wait()


def test_of_two_batches_at_once_one_names_each_file(tmp_path, letter):
    outbox, kept = Abreast(tmp_path), {}

    def hand_over(subject):
        mine = [letter(message_id=str(number), subject=subject) for number in range(50)]
        outcomes = outbox.send_all(mine, AT, [soon()] * 50)
        won = [each for each, outcome in zip(mine, outcomes, strict=True) if not outcome.code]
        kept.update({each.message_id: ((tmp_path / f"{each.message_id}.eml").stat().st_ino, each) for each in won})
        return len(won)

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(hand_over, ("One", "Other")))

    assert sum(won) == len(kept) == 50, "each name was given once"
    for message_id, (inode, its) in kept.items():
        path = tmp_path / f"{message_id}.eml"
        assert (path.stat().st_ino, path.read_bytes()) == (inode, eml(its, AT))
    assert len(names(tmp_path)) == 50


class Gated(OutboxTransport):
    """An outbox that begins a batch, and goes on with it when it may; `faults` befall one batch after the other."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, durable=False)
        self.begun, self.gate, self.faults = Event(), Event(), deque[Exception | None]()

    def send_all(self, letters, at, until):
        """Wait at the gate."""
        self.begun.set()
        assert self.gate.wait(30)
        if self.faults and (fault := self.faults.popleft()):
            raise fault
        return super().send_all(letters, at, until)


def put_in_batches(window, letter, *batches):
    for batch in batches:
        for message_id in batch:
            window.put(letter(message_id=message_id), AT, soon())
        assert window.outcomes() == []


def test_the_results_of_several_batches_come_back_together(tmp_path, letter):
    outbox = Gated(tmp_path)
    with windows.opened(outbox) as window:
        put_in_batches(window, letter, "ab", "cd", "e")
        outbox.gate.set()

        assert window.outcomes(5) == [(each, Outcome("accepted")) for each in "abcde"]


def test_a_batch_that_raises_loses_no_result_of_another(tmp_path, letter):
    outbox = Gated(tmp_path)
    outbox.faults += [None, DeliveryError("the disk is gone", permanent=False)]
    with windows.opened(outbox) as window:
        put_in_batches(window, letter, "ab", "c", "d")
        outbox.gate.set()

        assert window.outcomes(4) == [("a", Outcome("accepted")), ("b", Outcome("accepted"))]
        with pytest.raises(DeliveryError, match="disk is gone"):
            window.outcomes(4)
        assert window.outcomes(4) == [("d", Outcome("accepted"))]


def test_told_to_stop_the_outbox_begins_no_other_batch(tmp_path, letter):
    outbox = Gated(tmp_path)
    with windows.opened(outbox) as window:
        put_in_batches(window, letter, "a", "b")
        assert outbox.begun.wait(30)
        window.put(letter(message_id="c"), AT, soon())
        window.wind_down()
        outbox.gate.set()

        assert window.outcomes(3) == [("a", Outcome("accepted")), ("b", windows.NOT_BEGUN), ("c", windows.NOT_BEGUN)]

    assert names(tmp_path) == ["a.eml"]


@pytest.fixture
def disk(monkeypatch):
    """What was asked of the disk, in order: a folder's or file's name that it was to keep, and each name given."""
    asked: list[str] = []
    link, fsync = os.link, os.fsync

    def named(half, path):
        asked.append(f"name {Path(path).name}")
        link(half, path)

    def kept(descriptor):
        asked.append(f"keep {Path(f'/proc/self/fd/{descriptor}').readlink().name.partition('.')[0]}")
        fsync(descriptor)

    monkeypatch.setattr(os, "link", named)
    monkeypatch.setattr(os, "fsync", kept)
    return asked


@needs_proc
def test_a_file_is_named_when_the_disk_has_it_and_counts_when_it_has_the_name(tmp_path, letter, disk, monkeypatch):
    monkeypatch.setattr(outbox_module, "sync_file_system", lambda path: False)
    with windows.opened(OutboxTransport(tmp_path / "post")) as window:
        for message_id in "ab":
            window.put(letter(message_id=message_id), AT, soon())
        window.outcomes(2)

    assert disk == ["keep a", "keep b", "name a.eml", "name b.eml", "keep post"]


@needs_proc
def test_the_whole_disk_is_waited_for_once_before_a_file_is_named(tmp_path, letter, disk, monkeypatch):
    def kept_all(path):
        disk.append(f"keep all, {len(list((tmp_path / 'post' / '.partial').iterdir()))} written")
        return True

    monkeypatch.setattr(outbox_module, "sync_file_system", kept_all)
    outbox = OutboxTransport(tmp_path / "post")
    outbox.send_all([letter(message_id=each) for each in "ab"], AT, [soon()] * 2)
    outbox.flush()

    assert disk == ["keep all, 2 written", "name a.eml", "name b.eml", "keep post"]


@needs_proc
def test_a_recovery_believes_no_name_that_a_power_cut_could_take(tmp_path, letter, disk):
    outbox = OutboxTransport(tmp_path / "post")
    outbox.send_all([letter()], AT, [soon()])  # and is killed before it makes the names durable
    disk.clear()

    assert outbox.was_accepted("a1b2c3") and disk == ["keep post"]
    assert not outbox.was_accepted("other") and disk == ["keep post"]
    assert OutboxTransport(tmp_path / "post", durable=False).was_accepted("a1b2c3") and disk == ["keep post"]
