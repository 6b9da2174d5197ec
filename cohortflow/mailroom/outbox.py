"""The outbox: letters as files in a folder, each exactly once, whoever is killed in between."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import get_ident

from cohortflow.mailroom.letters import Letter, eml
from cohortflow.mailroom.transports import Outcome
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

    def _write(self, path: Path, content: bytes) -> None:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if self.durable:
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
