"""What was read a moment ago and cannot have changed since: tables kept in this process under the mark they bear.

A cohort's tables bear its version, which every change of them moves on; the roster bears the length of the company's
history. Whoever asks with another mark reads anew, so what another process wrote is never overlooked.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection
from threading import Lock
from weakref import WeakKeyDictionary

import pandas as pd
from sqlalchemy.engine import Connection, Engine

MOST_KEPT = 64


class Shelf:
    """The newest table of each name, with its mark; the ones not asked for longest go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[int, pd.DataFrame]] = OrderedDict()
        self._lock = Lock()

    def table(self, owner: str, name: str, mark: int, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """The table that bears the mark, from here or read anew; what is done to it stays there."""
        key = (owner, name)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept[0] == mark:
                self._kept.move_to_end(key)
                return kept[1].copy(deep=False)
        found = read()
        with self._lock:
            self._kept[key] = (mark, found)
            self._kept.move_to_end(key)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found.copy(deep=False)

    def carry_over(self, owner: str, before: int, after: int, names: Collection[str]) -> None:
        """A change is committed that moved an owner's mark on and left the tables of these names as they were."""
        with self._lock:
            for name in names:
                kept = self._kept.get((owner, name))
                if kept is not None and kept[0] == before:
                    self._kept[owner, name] = (after, kept[1])


_shelves: WeakKeyDictionary[Engine, Shelf] = WeakKeyDictionary()


def shelf_of(db: Connection | Engine) -> Shelf:
    """The shelf of a database, in this process."""
    engine = db.engine
    if engine not in _shelves:
        _shelves[engine] = Shelf()
    return _shelves[engine]
