"""What goes wrong, said in plain words on the error stream: what, where, and what to do now. Never a traceback."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from cohortflow.cli.words import printable
from schemas.errors import CohortflowError, ProgramError

RETRY = "nothing was half done; run the same command again when that is mended"


def tell(text: str) -> None:
    """A line on the error stream, as this terminal can show it."""
    print(printable(text, sys.stderr), file=sys.stderr)


@contextmanager
def spoken() -> Iterator[None]:
    """Let what we raise on purpose, and what the machine refuses us, end the command with one plain message."""
    try:
        yield
    except ProgramError as error:
        for fault in error.faults:
            tell(str(fault))
        if error.faults:
            tell(f"Mend the file, then run `cohortflow check {error.faults[0].file}`.")
        raise typer.Exit(1) from None
    except CohortflowError as error:
        tell(str(error))
        raise typer.Exit(1) from None
    except Exception as error:
        told = _of_the_machine(error)
        if told is None:
            raise
        tell(told)
        raise typer.Exit(1) from None


def _of_the_machine(error: Exception) -> str | None:
    """One line about a database, a disk or a setting that is in the way; None for what is our own mistake."""
    if isinstance(error, OSError):
        # A reader such as `head` that has gone is no fault.
        return None if error.errno == errno.EPIPE else f"{error.filename or 'the disk'}: {_lower(error)}"
    if type(error).__module__.startswith("sqlalchemy."):
        return _of_the_database(error)
    if type(error).__name__ == "ValidationError" and getattr(error, "title", "") == "Settings":
        return _of_the_settings(error)
    return None


def _lower(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _of_the_database(error: Exception) -> str | None:
    from sqlalchemy.exc import DatabaseError

    if not isinstance(error, DatabaseError):
        return None
    # Only the driver's first line: the rest of SQLAlchemy's text quotes values.
    first = str(error.orig).strip().splitlines() or [""]
    known = {
        "locked": "the database is locked by another process",
        "disk is full": "the disk of the database is full",
        "readonly": "the database may not be written to by this user",
        "unable to open": "the database cannot be opened",
        "not a database": "the database file is damaged or is something else",
        "malformed": "the database file is damaged",
        "no such table": "the database is not one of Cohortflow",
        "timeout": "the database did not answer in time",
        "connection": "the database cannot be reached",
    }
    what = next((words for sign, words in known.items() if sign in first[0].lower()), "the database refused")
    return f"{what} ({first[0][:120]}); {RETRY}"


def _of_the_settings(error: Exception) -> str:
    found = error.errors(include_url=False)  # type: ignore[attr-defined]
    told = [f"COHORTFLOW_{'_'.join(map(str, each['loc'])).upper()}: {each['msg'].lower()}" for each in found]
    return "; ".join(told)
