"""What is true: program models, table models, errors, settings."""
