"""Plain pages: a heading, a few sentences and at most one button. No script, no picture, nothing from elsewhere."""

from html import escape

from fastapi.responses import HTMLResponse

from cohortflow.mailroom.locales import locale_of


def page(language: str, title: str, sentences: list[str], *, button: str = "", status: int = 200) -> HTMLResponse:
    """A page; its button posts to the very address it stands at."""
    direction = "rtl" if locale_of(language).character_order == "right-to-left" else "ltr"
    told = "".join(f"<p>{escape(each)}</p>" for each in sentences)
    form = f'<form method="post"><button type="submit">{escape(button)}</button></form>' if button else ""
    return HTMLResponse(
        f'<!doctype html><html lang="{escape(language)}" dir="{direction}">'
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head>"
        f"<body><main><h1>{escape(title)}</h1>{told}{form}</main></body></html>",
        status,
    )
