"""The outbox: letters as files in a folder, each exactly once, whoever is killed in between."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import get_ident

from cohortflow.mailroom.letters import Letter, eml
from cohortflow.mailroom.syncing import sync_file_system
from cohortflow.mailroom.transports import Outcome
from cohortflow.mailroom.windows import told
from schemas.errors import DeliveryError

_PARTIAL = ".partial"


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
        with _plain_errors(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._partial.mkdir(exist_ok=True, mode=0o700)

    def send(self, letter: Letter, at: datetime) -> Outcome:
        """Put the letter into the folder, unless it is there already.

        Raises:
            DeliveryError: permanent for a letter that is no letter; not permanent for a full or closed disk.
        """
        content = eml(letter, at)
        path = self._path(letter.message_id)
        if path.exists():
            return Outcome("accepted", "already there")
        half = self._partial / f"{letter.message_id}.{os.getpid()}.{get_ident()}"
        with _plain_errors(self.folder):
            try:
                self._write(half, content)
                # A link, not a rename: it fails when another worker was first, where a rename would replace its file.
                os.link(half, path)
            except FileExistsError:
                return Outcome("accepted", "already there")
            finally:
                with suppress(FileNotFoundError):
                    half.unlink()
        return Outcome("accepted")

    def send_all(self, letters: list[Letter], at: datetime) -> list[Outcome]:
        """The same for a batch, which waits for the disk once: all files are written, then made durable, then named.

        A name is given only to a file that is whole and durable, so a power cut at any instant leaves whole letters or
        nothing under a name. What fails fails by itself where it can.
        """
        outcomes: list[Outcome | None] = [None] * len(letters)
        halves: list[tuple[int, Path, Path]] = []
        try:
            for number, letter in enumerate(letters):
                outcomes[number] = self._begun(letter, at, number, halves)
            with _plain_errors(self.folder):
                self._sync([half for _, half, _ in halves])
            for number, half, path in halves:
                outcomes[number] = self._named(half, path)
        except DeliveryError as error:
            outcomes = [each or Outcome("later", str(error)[:200], 60) for each in outcomes]
        finally:
            for _, half, _ in halves:
                with suppress(OSError):
                    half.unlink()
        return [each or Outcome("accepted") for each in outcomes]

    def _begun(self, letter: Letter, at: datetime, number: int, halves: list[tuple[int, Path, Path]]) -> Outcome | None:
        """Write a letter without its name; an outcome when there is nothing left to do for it."""
        try:
            content, path = eml(letter, at), self._path(letter.message_id)
        except DeliveryError as error:
            return told(letter.message_id, error)
        if path.exists():
            return Outcome("accepted", "already there")
        half = self._partial / f"{letter.message_id}.{os.getpid()}.{get_ident()}"
        halves.append((number, half, path))
        with _plain_errors(self.folder):
            self._write(half, content, durable=False)
        return None

    def _named(self, half: Path, path: Path) -> Outcome:
        with _plain_errors(self.folder):
            try:
                os.link(half, path)
            except FileExistsError:
                return Outcome("accepted", "already there")
        return Outcome("accepted")

    def _sync(self, files: list[Path]) -> None:
        """Have the disk keep the files: the whole file system at once where that can be asked for, else one by one."""
        if not self.durable or not files:
            return
        if sync_file_system(files[0]):
            return
        for file in files:
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def was_accepted(self, message_id: str) -> bool:
        """Whether the letter is in the folder; what a recovery asks after a crash."""
        return self._path(message_id).exists()

    def flush(self) -> None:
        """Make the names in the folder durable; call it once per batch, before the batch is marked as accepted."""
        if not self.durable:
            return
        with _plain_errors(self.folder):
            folder = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def sweep(self) -> int:
        """Remove what killed processes left half written; only while no delivery runs. Returns how many."""
        halves = list(self._partial.iterdir())
        for half in halves:
            half.unlink(missing_ok=True)
        return len(halves)

    def _path(self, message_id: str) -> Path:
        if not message_id.replace("-", "").replace("_", "").isalnum():
            raise DeliveryError("the message id is not made of letters, digits, - and _", permanent=True)
        return self.folder / f"{message_id}.eml"

    def _write(self, path: Path, content: bytes, durable: bool = True) -> None:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if self.durable and durable:
                file.flush()
                os.fsync(descriptor)


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
