"""The database: tables, migrations, reads, claims."""
