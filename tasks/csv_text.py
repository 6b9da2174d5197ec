"""The text of a file, whatever wrote it: UTF-8, UTF-16 or, as a last resort, Windows-1252."""

import codecs
from dataclasses import dataclass

_CSV = "export the table as CSV (UTF-8) and put that file in its place"
# What a file that is no text begins with, and what to do instead.
_NO_TEXT = {
    b"PK\x03\x04": f"is a workbook or a ZIP archive, not a CSV file; {_CSV}",
    b"\xd0\xcf\x11\xe0": f"is an old Excel workbook, not a CSV file; {_CSV}",
    b"\x1f\x8b": "is compressed; put the unpacked CSV file in its place",
    b"%PDF": f"is a PDF document, not a CSV file; {_CSV}",
}
_PAGES = (b"<!doctype", b"<html", b"<?xml")


@dataclass(frozen=True)
class FileText:
    """A decoded file. `cut`: it ends in the middle of a letter. With a `problem` there is no text."""

    text: str = ""
    encoding: str = ""
    cut: bool = False
    problem: str | None = None


def decode(content: bytes) -> FileText:
    """The file as text, without byte order mark.

    Single broken bytes in a file that is otherwise UTF-8 become lone surrogates: their rows can be refused later,
    whereas reading the whole file as Windows-1252 for their sake would bend every accent in it.
    """
    problem = _no_text(content)
    if problem:
        return FileText(problem=problem)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found = _utf16(content)
    else:
        found = _utf8(content.removeprefix(codecs.BOM_UTF8), marked=content.startswith(codecs.BOM_UTF8))
    header = found.text[:10_000].lstrip().partition("\n")[0]
    if "\0" in header:
        return FileText(problem=f"is in an encoding without a byte order mark or is no text at all; {_CSV}")
    return found


def _no_text(content: bytes) -> str | None:
    begins = content[:200].lstrip().lower()
    if not content.strip() or content in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return f"is empty ({len(content)} bytes); export it again and put the new file in its place"
    if begins.startswith(_PAGES):
        return f"is a web page, not a CSV file (often a sign-in page that was saved); {_CSV}"
    return next((words for mark, words in _NO_TEXT.items() if content.startswith(mark)), None)


def _utf16(content: bytes) -> FileText:
    name = "utf-16-le" if content.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    body = content[2:]
    text = body[: len(body) // 2 * 2].decode(name, "surrogatepass")
    return FileText(text, "utf-16", cut=len(body) % 2 == 1 or "\ud800" <= text[-1:] <= "\udbff")


def _utf8(content: bytes, *, marked: bool) -> FileText:
    try:
        return FileText(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return FileText(content[: error.start].decode("utf-8"), "utf-8", cut=True)
    if marked or _is_mostly_utf8(content):
        return FileText(content.decode("utf-8", "surrogateescape"), "utf-8, damaged")
    try:
        return FileText(content.decode("cp1252"), "cp1252")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return FileText(problem=f"is neither UTF-8, UTF-16 nor Windows-1252 (see line {line}); {_CSV}")


def _is_mostly_utf8(content: bytes) -> bool:
    """Whether letters beyond ASCII that are sound UTF-8 outnumber the broken bytes."""
    total = len(content.decode("utf-8", "surrogateescape"))
    sound = len(content.decode("utf-8", "ignore"))
    ascii_only = len(content.translate(None, bytes(range(128, 256))))
    return sound - ascii_only >= max(total - sound, 1)
