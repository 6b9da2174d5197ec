"""The cure for a name that is not known."""

from difflib import get_close_matches


def nearest(word: str, known: list[str]) -> str:
    """Which names come near to a word, or all there are."""
    near = get_close_matches(word.lower(), known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are: {', '.join(known[:20])}" if known else "there is none yet"
