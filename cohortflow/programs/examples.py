"""How each key that cannot be left out is written: what a message offers for a value that is missing."""

from cohortflow.programs.trees import Path

_LINE = "{ starts: 2027-03-01, ends: 2027-08-27, seats: 60 }"
# By its own name at the top of a file, and by the block it stands in elsewhere.
EXAMPLES = {
    "version": "version: 1",
    "name": "name: Emerging Leaders Mentoring",
    "type": "type: one_on_one",
    "purpose": "purpose: Prepare first-time managers",
    "owner": "owner: mentoring@acme.example",
    "approvers": "approvers: [dana.reyes@acme.example]",
    "sponsor": "sponsor: vp-people@acme.example",
    "cohorts": f"cohorts: {{ 2027-spring: {_LINE} }}",
    "who": "who: { mentors: { level: P6 or above }, mentees: { level: P3 to P5 } }",
    "questions": 'questions: { about_me: { ask: "What should your partner know about you?", type: text } }',
    "cohorts.starts": "starts: 2027-03-01",
    "cohorts.ends": "ends: 2027-08-27",
    "cohorts.seats": "seats: 60",
    "who.mentors": "mentors: { level: P6 or above, tenure: at least 12 months }",
    "who.mentees": "mentees: { level: P3 to P5, tenure: at least 6 months }",
    "sites.zone": "zone: Europe/Berlin",
    "status.active": "active: [Active]",
    "emails.send": "send: invite",
    "emails.to": "to: participants",
    "emails.when": "when: opens",
    "approve.by": "by: approvers",
    "approve.within": "within: 3 working days",
    "approve.if_silent": "if_silent: remind_then_hold",
    "accept.within": "within: 5 working days",
    "accept.if_silent": "if_silent: remind_then_ask_owner",
    "choose.opens": "opens: 1 day after recruit closes",
    "choose.for": "for: 3 working days",
    "first_meeting.ask": "ask: 10 days after start",
    "trial.until": "until: 6 weeks after start",
    "trial.who_may_ask": "who_may_ask: either",
    "trial.rematches_per_person": "rematches_per_person: 1",
    "trial.reason_seen_by": "reason_seen_by: owner",
    "goals.ask": "ask: 1 week after start",
    "goals.set_by": "set_by: 3 weeks after start",
    "escalate.after": "after: 5 working days",
    "escalate.to": "to: owner",
    "report.to": "to: [sponsor, owner]",
    "report.when": "when: [4 weeks after end]",
    "questions.ask": 'ask: "What should we know?"',
    "questions.type": "type: text",
}


def example_of(path: Path) -> str | None:
    """The key at a path with a value it may have; None for what can be left out."""
    if len(path) == 1:
        return EXAMPLES.get(str(path[0]))
    if len(path) == 2 and path[0] == "cohorts":
        return f"{path[1]}: {_LINE}"
    # Between a block and its keys may stand a number in a list, or a name the coordinator chose.
    names = (f"{block}.{path[-1]}" for block in reversed(path[-3:-1]))
    return next((EXAMPLES[name] for name in names if name in EXAMPLES), None)
