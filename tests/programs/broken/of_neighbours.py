"""Mistakes in the company's file and in a form."""

from functools import partial

from programs.broken.cases import Case
from programs.broken.good import APPLY, COMPANY

_company, _form = partial(Case, file=COMPANY), partial(Case, file=APPLY)

IN_COMPANY = [
    _company("version: 1", "version: §2", "write 1"),
    _company("time_zone: Europe/Berlin", "time_zone: §Europe/Berln", "did you mean 'Europe/Berlin'?"),
    _company("time_zone: Europe/Berlin", "time_zone: §CEST+2", "is not a time zone", "time_zone: Europe/Berlin"),
    _company("zone: America/Chicago", "zone: §../../etc/passwd", "is not a time zone", "zone: America/Chicago"),
    _company("holidays: US-TX", "holidays: §US-XX", "its parts are AK, AL", "holidays: US-TX"),
    _company("holidays: IN-MH", "holidays: §Xland", "as in DE-BE or US-TX"),
    _company("2027-12-24 to 2028-01-02", "§2028-01-02 to 2027-12-24", "write 2027-12-24 to 2028-01-02"),
    _company("2027-12-24 to 2028-01-02", "§24.12. to 2.1.", "is not a date that exists"),
    _company("calendar:", "§calender:", "did you mean 'calendar'?"),
    _company("people:", "§poeple:", "did you mean 'people'?"),
    _company("from: inbox/workers/*.csv", "from: §../workers/*.csv", "leads out of the folder"),
    _company("  columns: { id: Employee ID, email: Work Email, name", "  §columns: { id: Employee ID, name", "lacks email, without which nobody can be invited", "  columns: { id: Employee ID, email: Work Email, name"),
    _company("manager: Manager ID", "§managre: Manager ID", "did you mean 'manager'?"),
    _company("title: Job Title", "title: §Department", "is the header of department already", "title: Job Title"),
    _company("  levels:", "  §levles:", "did you mean 'levels'?"),
    _company("P3, P4", "P3, §P3", "stands here twice", "P3, P4"),
    _company("active: [Active]", "active: §[]", "names no word for people at work"),
    _company("on_leave: [Leave]", "§on leave: [Leave]", "did you mean 'on_leave'?"),
    _company("rows_drop_by: 20%", "rows_drop_by: §120%", "between 0% and 100%"),
    _company("older_than: 3 days", "older_than: §3 dayz", "did you mean '3 days'?"),
    _company("when_someone_leaves: end_match_and_rematch", "when_someone_leaves: §rematch", "end_match_and_rematch"),
    _company("mentees_per_mentor_everywhere: 3", "mentees_per_mentor_everywhere: §three", "is not a whole number"),
    _company("from: Acme Mentoring <mentoring@acme.example>", "from: §Acme <mentoring>", "is not a sender"),
    _company("reply_to: owner", "reply_to: §everyone", "is not an email address"),
    _company("languages: [en, de]", "languages: [§english, de]", "is not the code of a language"),
    _company("languages: [en, de]", "languages: §[]", "is empty; write at least one", "languages: [en]"),
    _company("from: Acme Mentoring <mentoring@acme.example>", "from: §Acme \u202eMentoring <mentoring@acme.example>", "holds a mark that cannot be seen", "from: Acme Mentoring <mentoring@acme.example>"),
    _company('hours: "09:00-17:00"', "hours: §9:30", "is not a range of hours"),
    _company('hours: "09:00-17:00"', "hours: §17:00-09:00", "closes before it opens"),
    _company('hours: "09:00-17:00"', "hours: §09:00-25:00", "is not a time of day"),
    _company("days: working days", "days: §workdays", "did you mean 'working days'?"),
    _company("at_most: 2 per person per week", "at_most: §2 a week", "2 per person per week"),
    _company("too_late_after: 3 days", "too_late_after: §0 days", "is no time at all (got '0 days'); write at least 1 day"),
    _company("too_late_after: 3 days", "too_late_after: §3 hours", "write days, for example 1 day"),
    _company("[reminders, alumni]", "[reminders, §alumnae]", "did you mean 'alumni'?"),
    _company("keep: 24 months after end", "keep: §2 years", "names no moment of a cohort", "keep: 24 months after end"),
    _company("then: anonymise", "then: §anonymize", "did you mean 'anonymise'?"),
]  # fmt: skip
IN_FORMS = [
    _form("name: Your application", "§name:", "has no value"),
    _form("questions:\n", "§question:\n", "did you mean 'questions'?"),
    _form("  skills_wanted:\n", "  §skills_wantde:\n", "did you mean 'skills_wanted'?"),
    _form("  about_me:", "  §About me:", "is not a key for a question"),
    _form("    ask: May we use", "    §aks: May we use", "did you mean 'ask'?"),
    _form("type: yes_no", "type: §yes/no", "did you mean 'yes_no'?"),
    _form("type: yes_no", "type: §checkbox", "write yes_no | choice"),
    _form("    type: choice\n    of: [Lead a first team, Become an expert, Find out what comes next]", "    type: text\n    of: §[Lead a first team, Become an expert, Find out what comes next]", "offers choices that its type does not take", "    type: choice\n    of: [Lead a first team, Become an expert, Find out what comes next]"),
    _form("at_most: 2", "at_most: §0", "write a number from 1"),
    _form("for: mentees\n", "for: §mentee\n", "did you mean 'mentees'?"),
    _form("of: [Mornings, Afternoons, Evenings]", "of: §[Mornings, Evenings, mornings]", "the same choice twice", "of: [Mornings, Evenings]"),
    _form("from: 1, to: 5 }\n  since", "from: 5, to: §1 }\n  since", "ends before it begins"),
    _form("type: date, required: false", "type: date, required: §sometimes", "write true or false"),
    _form("type: date, required: false", "type: date, §requird: false", "did you mean 'required'?"),
    _form("  consent:\n", "  §consnet:\n", "did you mean 'consent'?"),
]  # fmt: skip
