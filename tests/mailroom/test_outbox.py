"""The outbox: once is once, and what the disk says is a sentence."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from cohortflow.mailroom import windows
from cohortflow.mailroom.letters import eml
from cohortflow.mailroom.outbox import OutboxTransport
from cohortflow.mailroom.transports import MemoryTransport, Outcome
from schemas.errors import DeliveryError

AT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_letter_becomes_one_file(tmp_path, letter):
    outbox = OutboxTransport(tmp_path / "var" / "outbox")

    assert outbox.send(letter(), AT) == Outcome("accepted")
    outbox.flush()

    assert files(outbox.folder) == ["a1b2c3.eml"]
    assert (outbox.folder / "a1b2c3.eml").read_bytes() == eml(letter(), AT)
    assert outbox.was_accepted("a1b2c3") and not outbox.was_accepted("other")


def test_a_second_send_changes_nothing(tmp_path, letter):
    outbox = OutboxTransport(tmp_path, durable=False)
    outbox.send(letter(), AT)

    again = outbox.send(letter(subject="Something else"), AT + timedelta(days=1))

    assert again.state == "accepted"
    assert (tmp_path / "a1b2c3.eml").read_bytes() == eml(letter(), AT)


def test_many_at_once_write_one_letter(tmp_path, letter):
    outbox = OutboxTransport(tmp_path, durable=False)
    subjects = [f"Subject {number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda subject: outbox.send(letter(subject=subject), AT), subjects))

    assert {outcome.state for outcome in outcomes} == {"accepted"}
    assert [outcome.code for outcome in outcomes].count("") == 1
    assert files(tmp_path) == ["a1b2c3.eml"]


def test_mail_is_for_its_owner_only(tmp_path, letter):
    outbox = OutboxTransport(tmp_path / "outbox")
    outbox.send(letter(), AT)

    assert stat.S_IMODE(outbox.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((outbox.folder / "a1b2c3.eml").stat().st_mode) == 0o600


def test_a_full_disk_is_worth_another_try(tmp_path, letter, monkeypatch):
    outbox = OutboxTransport(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk, pytest.raises(DeliveryError, match="No space left") as caught:
        disk.setattr(os, "fsync", full)
        outbox.send(letter(), AT)

    assert not caught.value.permanent
    assert files(tmp_path) == []
    assert outbox.send(letter(), AT) == Outcome("accepted")


def test_a_folder_that_vanished_is_worth_another_try(tmp_path, letter):
    outbox = OutboxTransport(tmp_path / "outbox")
    outbox.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(DeliveryError, match="cannot be written") as caught:
        outbox.send(letter(), AT)

    assert not caught.value.permanent


def test_a_folder_that_is_a_file_is_said_plainly(tmp_path):
    (tmp_path / "outbox").write_text("x")
    with pytest.raises(DeliveryError, match="cannot be written"):
        OutboxTransport(tmp_path / "outbox")


def test_a_letter_that_is_none_leaves_nothing(tmp_path, letter):
    outbox = OutboxTransport(tmp_path)
    for broken in ({"message_id": "../../x"}, {"to_name": "a\nb"}, {"to_address": "nobody"}):
        with pytest.raises(DeliveryError) as caught:
            outbox.send(letter(**broken), AT)
        assert caught.value.permanent
    with pytest.raises(DeliveryError):
        outbox.was_accepted("../x")

    assert files(tmp_path) == []


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.outbox import OutboxTransport
outbox = OutboxTransport(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(100_000):
    letter = Letter(f"m{number}", "o@acme.example", "", "Maya", "m@acme.example", "Hi", "Hi\\n" * 500, "<p>Hi</p>" * 500)
    outbox.send(letter, datetime(2027, 3, 1, tzinfo=UTC))
"""


@pytest.mark.slow
def test_a_killed_writer_leaves_whole_letters_only(tmp_path):
    for pause in (0.01, 0.05, 0.1):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        sizes = {len(path.read_bytes()) - len(path.stem) for path in tmp_path.glob("*.eml")}
        assert len(sizes) <= 1, "a letter that has its name is complete"
    OutboxTransport(tmp_path).sweep()

    assert all(name.endswith(".eml") for name in files(tmp_path))


def test_memory_keeps_letters_with_their_instant(letter):
    memory = MemoryTransport()

    assert memory.send(letter(), AT).state == "accepted"
    memory.send(letter(), AT + timedelta(days=1))
    memory.flush()

    assert [(sent.letter.to_address, sent.at) for sent in memory] == [("maya@acme.example", AT)]
    assert memory.was_accepted("a1b2c3") and not memory.was_accepted("other")
    with pytest.raises(DeliveryError):
        memory.send(letter(message_id="b", to_name="a\r\nb"), AT)


class Gated(OutboxTransport):
    """An outbox on a disk that takes its time."""

    gate = Event()

    def send_all(self, letters, at, until):
        assert self.gate.wait(30)
        return super().send_all(letters, at, until)


def test_a_batch_is_written_while_the_disk_has_the_one_before_it(tmp_path, letter, monkeypatch):
    monkeypatch.setattr(windows, "IN_A_BATCH", 2)
    outbox, until = Gated(tmp_path), time.monotonic() + 600
    with windows.opened(outbox) as window:
        for batch in (("a", "b"), ("c", "d")):
            assert window.room >= 2
            for message_id in batch:
                window.put(letter(message_id=message_id), AT, until)
            assert window.outcomes() == []
        assert window.room == 0 and files(tmp_path) == []

        outbox.gate.set()
        first = window.outcomes(2)
        rest = [] if len(first) == 4 else window.outcomes(2)

    assert [(key, told.state) for key, told in first + rest] == [(key, "accepted") for key in "abcd"]
    assert files(tmp_path) == ["a.eml", "b.eml", "c.eml", "d.eml"]


def test_what_waited_too_long_behind_a_batch_is_not_written(tmp_path, letter):
    outbox = Gated(tmp_path)
    with windows.opened(outbox) as window:
        window.put(letter(), AT, time.monotonic() - 1)

        assert window.outcomes(1) == [("a1b2c3", windows.TOO_SLOW)]

    assert files(tmp_path) == []


def test_a_disk_that_breaks_is_told_to_whoever_waits(tmp_path, letter, monkeypatch):
    def broken(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    outbox = OutboxTransport(tmp_path)
    monkeypatch.setattr(os, "fsync", broken)
    with windows.opened(outbox) as window:
        window.put(letter(), AT, time.monotonic() + 600)

        with pytest.raises(DeliveryError, match="free the disk"):
            window.outcomes(1)
        assert window.outcomes(1) == []
