"""One click, no more mails of a kind (RFC 8058). Looking changes nothing, since scanners follow every link."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from cohortflow.mailroom.words import Words, shipped_words
from cohortflow.portal.pages import page
from cohortflow.store import opt_outs
from cohortflow.store.opt_outs import Refusal
from flows.house import House

LONGEST_TOKEN = 200


def unsubscribing(house: House) -> APIRouter:
    """The page behind the link at the end of mails that nobody has to get."""
    routes = APIRouter()

    @routes.api_route("/unsubscribe/{token}", methods=["GET", "HEAD"])
    def ask(token: str) -> HTMLResponse:
        refusal = _read(house, token)
        return _asking(house, refusal) if refusal else _unknown()

    # Sync, so that the body is never read: whatever a mail program posts, the token alone says what is meant.
    @routes.post("/unsubscribe/{token}")
    def act(token: str) -> HTMLResponse:
        refusal = _read(house, token)
        if refusal is None:
            return _unknown()
        now = house.now()
        with house.database.write() as db:
            opt_outs.refuse(db, refusal, now, "link")
        return _done(house, refusal)

    return routes


def _read(house: House, token: str) -> Refusal | None:
    if len(token) > LONGEST_TOKEN or not (token.isascii() and token.isprintable()):
        return None
    with house.database.read() as db:
        return opt_outs.read_token(db, token)


def _words(house: House, refusal: Refusal) -> Words:
    program_id = refusal.cohort_id.split("/", 1)[0]
    return house.stationery(refusal.texts_hash).of(program_id).words(refusal.language)


def _asking(house: House, refusal: Refusal) -> HTMLResponse:
    words = _words(house, refusal)
    what = words.say("refusing", refusal.scope)
    told = [words.say("refusing", "ask", what=what), words.say("refusing", "still")]
    return page(words.language, words.say("refusing", "title"), told, button=words.say("refusing", "button"))


def _done(house: House, refusal: Refusal) -> HTMLResponse:
    words = _words(house, refusal)
    what = words.say("refusing", refusal.scope)
    told = [words.say("refusing", "done", what=what), words.say("refusing", "still")]
    return page(words.language, words.say("refusing", "title"), told)


def _unknown() -> HTMLResponse:
    words = shipped_words("en")
    return page("en", words.say("refusing", "title"), [words.say("refusing", "unknown")], status=404)
