"""What SendGrid's contract asks of a request: its official document where it is at hand, and the rules that it lacks."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = Path("shared", "sendgrid-oai", "tsg_mail_v3.json")


@cache
def official() -> Draft202012Validator | None:
    """The validator of the official document, if it lies beside the checkout."""
    found = next((each / DOCUMENT for each in ROOT.parents if (each / DOCUMENT).is_file()), None)
    if found is None:
        return None
    document = json.loads(found.read_text(encoding="utf-8"))
    body = document["components"]["requestBodies"]["PostMailSend"]["content"]["application/json"]["schema"]
    return Draft202012Validator({**body, "components": document["components"]})


def complaints(body: str) -> list[str]:
    """What is wrong with a request, by both."""
    told = json.loads(body)
    said = (
        [f"official: {error.json_path}: {error.validator}" for error in official().iter_errors(told)]
        if official()
        else []
    )  # type: ignore[union-attr]
    return said + [rule for rule, is_kept in OURS.items() if not is_kept(told)]


def _only_one_recipient(told: dict[str, Any]) -> bool:
    (each,) = told["personalizations"]
    return len(each["to"]) == 1 and not each.keys() & {"cc", "bcc"}


def _nothing_tracked(told: dict[str, Any]) -> bool:
    kinds = ("click_tracking", "open_tracking", "subscription_tracking")
    settings = told["tracking_settings"]
    return all(settings[kind]["enable"] is False for kind in kinds) and not settings["click_tracking"]["enable_text"]


def _opaque_id_only(told: dict[str, Any]) -> bool:
    (each,) = told["personalizations"]
    (value,) = each["custom_args"].values()
    return isinstance(value, str) and value.isalnum() and "custom_args" not in told


def _text_before_html(told: dict[str, Any]) -> bool:
    return [part["type"] for part in told["content"]] == ["text/plain", "text/html"]


def _plain_names(told: dict[str, Any]) -> bool:
    return not any(sign in told["personalizations"][0]["to"][0].get("name", "") for sign in ";,")


def _no_reserved_header(told: dict[str, Any]) -> bool:
    reserved = {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"}
    reserved |= {"to", "from", "subject", "reply-to", "cc", "bcc"}
    return not reserved & {name.lower() for name in told.get("headers", {})}


def _not_in_a_sandbox(told: dict[str, Any]) -> bool:
    return "mail_settings" not in told and "send_at" not in told and "batch_id" not in told


def _types_it_takes(told: dict[str, Any]) -> bool:
    """By its own words: "The attachment type cannot contain ';', or CRLF characters"; a calendar's method passes."""
    kinds = [each["type"] for each in told.get("attachments", [])]
    return all(re.fullmatch(r"[a-z]+/[a-z.+-]+|text/calendar; method=[A-Z]+", kind) for kind in kinds)


OURS = {
    "one recipient, and no copies": _only_one_recipient,
    "nothing is tracked": _nothing_tracked,
    "an opaque id and nothing else goes along": _opaque_id_only,
    "text comes before HTML": _text_before_html,
    "a name holds neither ; nor ,": _plain_names,
    "no reserved header is set": _no_reserved_header,
    "it is no trial and not for later": _not_in_a_sandbox,
    "the type of an attachment has no character set": _types_it_takes,
}
