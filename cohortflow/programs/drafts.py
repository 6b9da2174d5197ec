"""The first text of a new program: as little as a program needs, with a word beside what one changes first."""

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from cohortflow.programs.house_names import HouseNames
from cohortflow.programs.insertion import Line

PURPOSE = "Learn from each other and get to know people one would not have met"
# Half a year, from a Monday to a Friday.
USUAL_DAYS = 182
_SEASONS = ("winter", "spring", "summer", "autumn")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_WEIGHTS = (("skills_wanted_offered", 50), ("career_goal", 30), ("different_department", 20))
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "&": " and "})
# What another reader of YAML would take for a truth or for nothing.
_NOT_TEXT = ("null", "true", "false", "yes", "no", "on", "off")


@dataclass(frozen=True)
class Draft:
    """What a person says of a new program; everything else is standard."""

    program_id: str
    name: str
    type: str
    purpose: str
    owner: str
    approvers: tuple[str, ...]
    cohort: Line


def program_text(draft: Draft, names: HouseNames) -> str:
    """The file of the program, fit for this house's roster and forms."""
    return "\n\n".join([_head(draft), _cohorts(draft), _who(draft, names), _matching(names), _measure()]) + "\n"


def id_of(name: str) -> str:
    """A name as the name of a file: `Führung & Beratung` is fuehrung-and-beratung."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_SPELLED)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].rstrip("-")


def usual_end(starts: date) -> date:
    """The last Friday of half a year."""
    day = starts + timedelta(days=USUAL_DAYS)
    return day - timedelta(days=(day.weekday() - 4) % 7)


def key_of(starts: date, taken: frozenset[str] = frozenset()) -> str:
    """A cohort's key by the season of its start, or by its month when the season has one already."""
    season = f"{starts.year}-{_SEASONS[starts.month % 12 // 3]}"
    return season if season not in taken else f"{starts.year}-{_MONTHS[starts.month - 1]}"


def _head(draft: Draft) -> str:
    approvers = ", ".join(scalar(address) for address in draft.approvers)
    return "\n".join(
        [
            "# yaml-language-server: $schema=schema/program.json",
            f"# What is left out is standard: `cohortflow plan {draft.program_id} --defaults` prints all of it.",
            "# Every key is explained in docs/configuration.md, and by an editor that knows YAML where it is written.",
            "version: 1",
            f"name: {scalar(draft.name)}",
            f"type: {draft.type}",
            f"purpose: {scalar(draft.purpose)}   # the invitation says it",
            f"owner: {scalar(draft.owner)}   # a mailbox somebody reads",
            f"approvers: [{approvers}]   # each of them approves the matches by a link of their own",
            *_KINDS.get(draft.type, ()),
        ]
    )


_KINDS = {"group": ("group_size: 3 to 6",), "peer": ("level_gap: at most 1",)}


def _cohorts(draft: Draft) -> str:
    hint = f"# `cohortflow new cohort {draft.program_id} --starts DATE` writes one more line"
    return f"cohorts:   {hint}\n  {draft.cohort.flow()}"


def _who(draft: Draft, names: HouseNames) -> str:
    seniors, juniors = _levels(names)
    mentors, mentees = (juniors, seniors) if draft.type == "reverse" else (seniors, juniors)
    tenure = "joined" in names.columns
    rows = [
        f"  mentors: {_conditions(mentors, 'at least 12 months' if tenure else '')}",
        f"  mentees: {_conditions(mentees, 'at least 3 months' if tenure else '')}",
    ]
    return "\n".join(["who:   # conditions on columns of the roster; a person meets all of them", *rows])


def _levels(names: HouseNames) -> tuple[str, str]:
    """The upper third of the levels, and those from the lower quarter up to it."""
    levels = names.levels
    if len(levels) < 2 or "level" not in names.columns:
        return "", ""
    first = min(-(-len(levels) * 3 // 5), len(levels) - 1)
    below = levels[len(levels) // 4 if len(levels) > 3 else 0 : first]
    spaced = any(" " in level for level in below)
    juniors = below[0] if len(below) == 1 else f"{below[0]} to {below[-1]}"
    return scalar(f"{levels[first]} or above"), f"[{', '.join(map(scalar, below))}]" if spaced else scalar(juniors)


def _conditions(level: str, tenure: str) -> str:
    said = [f"level: {level}"] if level else []
    said += [f"tenure: {tenure}"] if tenure else []
    return f"{{ {', '.join(said)} }}" if said else "{}"


def _matching(names: HouseNames) -> str:
    never = "reporting_line: within 2 levels" if "manager" in names.columns else ""
    weights = ", ".join(f"{name}: {weight}" for name, weight in _weights(names).items())
    return "\n".join(
        [
            "matching:",
            f"  never: [ {never} ]   # no pair that breaks one of these is proposed" if never else "  never: []",
            f"  prefer: {{ {weights} }}   # together 100",
        ]
    )


def _weights(names: HouseNames) -> dict[str, int]:
    """The usual preferences, as far as the forms and the roster can answer them; together they make 100."""
    known = {
        "skills_wanted_offered": {"skills_wanted", "skills_offered"} <= set(names.questions),
        "career_goal": "career_goal" in names.questions,
        "different_department": "department" in names.columns,
    }
    usable = {name: weight for name, weight in _WEIGHTS if known[name]} or {"availability": 100}
    total = sum(usable.values())
    shares = {name: weight * 100 // total for name, weight in usable.items()}
    first = next(iter(shares))
    return shares | {first: shares[first] + 100 - sum(shares.values())}


def _measure() -> str:
    return "\n".join(
        [
            "measure:",
            "  targets: { seats_filled: 90%, first_meeting_in_21_days: 90%, completed: 85% }",
            "  report: { to: [owner] }   # for a sponsor, write sponsor: ADDRESS above, and add sponsor here",
        ]
    )


def scalar(text: str) -> str:
    """A text as YAML takes it: bare where it can stand so, in quotes otherwise."""
    bare = re.fullmatch(r"[^\W_](?:[\w .;()/@+'&-]*[\w.)])?", text) and text.lower() not in _NOT_TEXT
    return text if bare else json.dumps(text, ensure_ascii=False)
