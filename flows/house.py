"""Where a flow finds its database, its mail and its settings: the house it runs in."""

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy.engine import Connection

from cohortflow.engine import secret_block
from cohortflow.mailroom.choosing import transport_for
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.transports import Transport
from cohortflow.store import bundles, instances
from cohortflow.store.database import Database, open_database
from cohortflow.store.schema import make_at_once, migrate
from flows.instance import look_around
from schemas.errors import CohortflowError
from schemas.program import Program
from schemas.settings import Settings
from tasks.intents import Wording

KEY_BLOCK = "sendgrid-api-key"
# By the hash of what they say, and so the same in every house of this process.
_TEXTS: dict[str, Stationery] = {}


@dataclass
class House:
    """One installation: its settings, its database and the way its mail leaves."""

    settings: Settings
    database: Database
    transport: Transport
    worker: str = "worker"
    watched: str = ""  # the id of the instance, where a copy of its database must be told from itself
    roster_changed: bool = True
    programs: dict[str, Program] = field(default_factory=dict)
    texts_faults: int | None = None
    faulty: list[str] = field(default_factory=list)
    signatures: dict[Path, tuple[object, ...]] = field(default_factory=dict)
    digests: dict[Path, tuple[str, tuple[object, ...]]] = field(default_factory=dict)

    def now(self) -> datetime:
        """What the instance clock shows. Only entries ask: a flow Prefect starts, a command, a request."""
        with self.database.read() as db:
            return instances.shown_now(db)

    def is_untouched(self, folder: Path) -> bool:
        """Whether no file of a folder was written, added or removed since this was last asked (in this process)."""
        found = tuple(sorted(_seen_in(folder))) if folder.is_dir() else ()
        same = self.signatures.get(folder) == found
        self.signatures[folder] = found
        return same

    def digest_of(self, path: Path) -> str:
        """The sha256 of a file; read anew only when it was written since this was last asked (in this process)."""
        stat = path.stat()
        found = (path, stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if self.digests.get(path.parent, ("", ()))[1] != found:
            self.digests[path.parent] = (hashlib.sha256(path.read_bytes()).hexdigest(), found)
        return self.digests[path.parent][0]

    def look_again(self) -> None:
        """Forget what was seen of the files, because taking them in failed: the next tick must not pass them by."""
        self.signatures.clear()

    def keep_texts(self, texts_hash: str, stationery: Stationery) -> None:
        """Texts that were just looked through need not be read again to write by them."""
        _TEXTS.setdefault(texts_hash, stationery)

    def stationery(self, texts_hash: str | None = None) -> Stationery:
        """The accepted mail texts, or those of a given hash; compiled once."""
        if texts_hash in _TEXTS:
            return _TEXTS[texts_hash]
        with self.database.read() as db:
            return self._stationery_in(db, texts_hash or bundles.accepted_texts(db))

    def _stationery_in(self, db: Connection, name: str) -> Stationery:
        if name not in _TEXTS:
            if name == "-":
                raise CohortflowError("no mail texts have been accepted yet; run `cohortflow tick` once")
            _TEXTS[name] = Stationery(bundles.read_bundle(db, name))
        return _TEXTS[name]

    def folder_of(self, program_id: str, stage: str, send: str) -> str:
        """The folder of `templates/` that holds a mail: its stage's, else `program` for those of the system itself."""
        return stage if self.stationery().of(program_id).has(stage, send) else "program"

    def wording(self) -> Wording:
        """What queueing needs to know of the texts."""
        with self.database.read() as db:
            return self.wording_in(db)

    def wording_in(self, db: Connection) -> Wording:
        """The same inside a transaction that is open already."""
        stationery = self._stationery_in(db, bundles.accepted_texts(db))
        return Wording(
            lambda program, stage, send, wanted: stationery.of(program).language_of(stage, send, wanted),
            lambda program, stage, send: stationery.of(program).mail_class(stage, send),
        )

    @cached_property
    def secret(self) -> str:
        """What unguessable ids are made with."""
        with self.database.read() as db:
            return instances.read_secret(db)


def _seen_in(folder: Path | str) -> Iterator[tuple[str, int, int, int]]:
    """What tells of each file below a folder that it was written anew."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _seen_in(entry.path)
            elif entry.is_file():
                stat = entry.stat()
                yield entry.path, stat.st_mtime_ns, stat.st_size, stat.st_ino


def open_house(settings: Settings, *, secret: str | None = None, transport: Transport | None = None) -> House:
    """Open the database (made or upgraded if need be) and the mail of an installation.

    Args:
        secret: of a simulation, whose database nobody copies and goes on with.
    """
    database = open_database(settings.database, durable=settings.durable, timeout=settings.database_timeout)
    if secret is not None:
        make_at_once(database)
    migrate(database, secret=secret)
    settings = with_key(settings)
    worker = f"{socket.gethostname()}:{os.getpid()}"
    if transport is None:
        transport = transport_for(settings)
    house = House(settings, database, transport, worker)
    if secret is None:
        house.watched = look_around(settings, database, house.now())
    return house


def with_key(settings: Settings) -> Settings:
    """The settings with SendGrid's key: from the environment, or else, inside Prefect, from its Secret block."""
    if settings.mail != "sendgrid" or settings.sendgrid_api_key.get_secret_value():
        return settings
    return settings.model_copy(update={"sendgrid_api_key": SecretStr(secret_block(KEY_BLOCK))})


_houses: list[House] = []


@contextmanager
def living_in(house: House) -> Iterator[House]:
    """Make a house the current one for the length of the block."""
    _houses.append(house)
    try:
        yield house
    finally:
        _houses.remove(house)


def current_house() -> House:
    """The house set by `living_in`, else the one the environment describes."""
    if not _houses:
        _houses.append(open_house(Settings()))
    return _houses[-1]
