"""What a reader may refuse: which mails a program lets people opt out of, and what that is called."""

from collections.abc import Collection

SCOPES = ("reminders", "alumni", "optional")


def scope_of(mail_class: str, template: str, may_opt_out_of: Collection[str]) -> str:
    """What somebody refuses who wants no more mails like this one; empty when it must reach them all the same."""
    if mail_class == "reminder":
        return "reminders" if "reminders" in may_opt_out_of else ""
    if mail_class == "optional":
        if template.startswith("alumni") and "alumni" in may_opt_out_of:
            return "alumni"
        return "optional" if "optional" in may_opt_out_of else ""
    return ""
