"""The outbox: letters as files in a folder, each exactly once, whoever is killed in between."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import get_ident

from cohortflow.mailroom.letters import Letter, eml
from cohortflow.mailroom.syncing import sync_file_system
from cohortflow.mailroom.transports import Outcome
from cohortflow.mailroom.windows import TOO_SLOW, told
from schemas.errors import DeliveryError

_PARTIAL = ".partial"
ACCEPTED, ALREADY_THERE = Outcome("accepted"), Outcome("accepted", "already there")


class OutboxTransport:
    """Writes `<message_id>.eml`. The name is the proof: a file that exists has been accepted, and is never replaced.

    Args:
        folder: made when missing, for the eyes of its owner only, since it holds people's mail.
        durable: wait for the disk, so that "accepted" also survives a power cut.
    """

    def __init__(self, folder: Path, durable: bool = True) -> None:
        self.folder = folder
        self.durable = durable
        self._partial = folder / _PARTIAL
        self.way = f"outbox:{sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
        with _plain_errors(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._partial.mkdir(exist_ok=True, mode=0o700)

    def send(self, letter: Letter, at: datetime) -> Outcome:
        """Put the letter into the folder, unless it is there already.

        Raises:
            DeliveryError: permanent for a letter that is no letter; not permanent for a full or closed disk.
        """
        content, path, half = eml(letter, at), self._path(letter.message_id), self._half(letter.message_id)
        with _plain_errors(self.folder):
            try:
                self._write(half, content)
                if self.durable:
                    _wait_for_disk(half)
                # A link, not a rename: it fails when another worker was first, where a rename would replace its file.
                os.link(half, path)
            except FileExistsError:
                return ALREADY_THERE
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(half)
        return ACCEPTED

    def send_all(self, letters: list[Letter], at: datetime, until: Sequence[float]) -> list[Outcome]:
        """The same for a batch, which waits for the disk once: all files are written, then made durable, then named.

        A name is given only to a file that is whole and durable, so a power cut at any instant leaves whole letters or
        nothing under a name. What fails fails by itself where it can.

        Args:
            until: for each letter the instant of time.monotonic after which it is given no name any more.
        """
        outcomes: list[Outcome | None] = [None] * len(letters)
        halves: list[tuple[int, str, str]] = []
        try:
            with _plain_errors(self.folder):
                for number, letter in enumerate(letters):
                    outcomes[number] = self._begun(letter, at, number, halves)
                self._sync([half for _, half, _ in halves])
                for number, half, path in halves:
                    # Asked for each: a worker may have been asleep anywhere until here, and another have its mail.
                    outcomes[number] = TOO_SLOW if time.monotonic() > until[number] else _named(half, path)
        except DeliveryError as error:
            outcomes = [each or Outcome("later", str(error)[:200], 60) for each in outcomes]
        finally:
            for _, half, _ in halves:
                with suppress(OSError):
                    os.unlink(half)
        return [each or ACCEPTED for each in outcomes]

    def _begun(self, letter: Letter, at: datetime, number: int, halves: list[tuple[int, str, str]]) -> Outcome | None:
        """Write a letter without its name; an outcome when there is nothing left to do for it."""
        try:
            content, path = eml(letter, at), self._path(letter.message_id)
        except DeliveryError as error:
            return told(letter.message_id, error)
        half = self._half(letter.message_id)
        halves.append((number, half, path))
        self._write(half, content)
        return None

    def _sync(self, files: list[str]) -> None:
        """Have the disk keep the files: the whole file system at once where that can be asked for, else one by one."""
        if not self.durable or not files:
            return
        if not sync_file_system(files[0]):
            for file in files:
                _wait_for_disk(file)

    def was_accepted(self, message_id: str) -> bool:
        """Whether the letter is in the folder, for good; what a recovery asks after a crash.

        Whoever gave it its name may have been killed before the folder was durable, and a power cut would take it back.
        """
        is_there = Path(self._path(message_id)).exists()
        if is_there:
            self.flush()
        return is_there

    def flush(self) -> None:
        """Make the names in the folder durable; call it once per batch, before the batch is marked as accepted."""
        if not self.durable:
            return
        with _plain_errors(self.folder):
            _wait_for_disk(str(self.folder))

    def sweep(self) -> int:
        """Remove what killed processes left half written; only while no delivery runs. Returns how many."""
        halves = list(self._partial.iterdir())
        for half in halves:
            half.unlink(missing_ok=True)
        return len(halves)

    # Plain text, for paths as objects take as long as writing the file.
    def _path(self, message_id: str) -> str:
        if not message_id.replace("-", "").replace("_", "").isalnum():
            raise DeliveryError("the message id is not made of letters, digits, - and _", permanent=True)
        return f"{self.folder}/{message_id}.eml"

    def _half(self, message_id: str) -> str:
        return f"{self._partial}/{message_id}.{os.getpid()}.{get_ident()}"

    def _write(self, path: str, content: bytes) -> None:
        try:
            descriptor = os.open(path, _NEW_FILE, 0o600)
        except FileExistsError:  # of one that was killed and had our numbers
            os.unlink(path)
            descriptor = os.open(path, _NEW_FILE, 0o600)
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
        finally:
            os.close(descriptor)


_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def _named(half: str, path: str) -> Outcome:
    try:
        os.link(half, path)
    except FileExistsError:
        return ALREADY_THERE
    return ACCEPTED


def _wait_for_disk(path: str) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _plain_errors:
    """What the disk says, as a sentence: nothing was accepted, and trying again is right."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, OSError):
            reason = os.strerror(problem.errno) if problem.errno else "the disk refused"
            raise DeliveryError(
                f"the outbox {self.folder} cannot be written: {reason}; free the disk or mend its permissions, and the "
                "mail goes out with the next try",
                permanent=False,
            ) from None
