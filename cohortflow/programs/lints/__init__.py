"""Lints: what a program may say but would regret, each with its line, how grave it is, and how to mend it."""
