"""Roster folders: the accepted programs that live by each, and what is known of its newest file."""

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.tables import programs, sources


@dataclass
class Folder:
    """One folder; `known` is None before its first file, `programs` has the hash in force for each."""

    source: str
    known: dict[str, Any] | None
    programs: dict[str, str] = field(default_factory=dict)


def roster_folders(db: Connection) -> list[Folder]:
    """Every folder that an accepted program names, in one look."""
    found: dict[str, Folder] = {}
    for row in db.execute(_FOLDERS).mappings():
        known = {column.name: row[f"known_{column.name}"] for column in sources.c}
        folder = Folder(row["named"], known if known["source"] is not None else None)
        found.setdefault(folder.source, folder).programs[row["program_id"]] = row["accepted_hash"]
    return list(found.values())


_FOLDERS = (
    sa.select(
        programs.c.source.label("named"),
        programs.c.program_id,
        programs.c.accepted_hash,
        *[column.label(f"known_{column.name}") for column in sources.c],
    )
    .select_from(sa.outerjoin(programs, sources, programs.c.source == sources.c.source))
    .where(programs.c.source.is_not(None))
    .order_by(programs.c.program_id)
)
