"""Frozen records with some of their fields changed, for those that are made by the thousand."""

from typing import Any, TypeVar

Record = TypeVar("Record")


def altered(record: Record, **changed: Any) -> Record:
    """As `dataclasses.replace`, many times as fast: no field is worked out anew, and `__post_init__` is not run.

    Raises:
        TypeError: the record has no such field.
    """
    if unknown := changed.keys() - record.__dict__.keys():
        raise TypeError(f"{type(record).__name__} has no field {', '.join(sorted(unknown))}")
    made = object.__new__(type(record))
    made.__dict__.update(record.__dict__, **changed)
    return made
