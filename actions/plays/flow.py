"""Standing rules: not built yet, and said so, with what can be done today instead."""

from actions.commands.crm import SetReminder
from actions.plays.local_time import work_morning_in
from actions.plays.play import Result
from actions.proposal import Answer
from actions.situation import Situation


def define(s: Situation) -> Result:
    instead = SetReminder(text=s.text[:200], due_at=work_morning_in(1, s.now, s.speaker))
    return Answer("no_rules_yet", offers=(instead,))


def manage(s: Situation) -> Result:
    return Answer("no_rules_to_manage", says=("brief",))
