"""Request bodies, read no further than they may be long."""

from fastapi import Request


class TooLarge(Exception):
    """The body is longer than this page takes."""


async def read_body(request: Request, most: int) -> bytes:
    """The raw body.

    Raises:
        TooLarge: it says, or turns out, to be longer than `most` bytes.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge
    return bytes(body)
