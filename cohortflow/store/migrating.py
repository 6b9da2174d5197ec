"""Running the migrations, by Alembic."""

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

from cohortflow.store.schema import MIGRATIONS


def migration_config() -> Config:
    """Where Alembic finds the migrations."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def upgrade(db: Connection) -> None:
    """Run every migration that a database has not had yet, on this connection."""
    config = migration_config()
    config.attributes["connection"] = db
    command.upgrade(config, "head")
