"""The web pages people reach from a mail."""
