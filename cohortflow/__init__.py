"""The machinery behind the story."""
