"""Words that mean one thing whatever the model reads: asking about stops and signals, appeals, rulings, dictated messages.

They go before the play of the intent; a function that finds nothing to do gives None, and the words go their usual way.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from actions.commands.messages import MessageCustomer
from actions.commands.stops import AppealFiring, LiftSignal, RuleOnFiring, Ruling, about_firing, firing_card, may_rule
from actions.crm.records import Contact, Customer, Firing, Signal, Ticket, place_of
from actions.plays import reviews
from actions.plays.meant import the_customer, unclear
from actions.plays.play import Result
from actions.plays.told import customer_subject, iso, named
from actions.proposal import Answer, Ask, Json, Subject
from actions.situation import Situation

MOST_FIRINGS = 12

_ASKS_WHY = re.compile(
    r"(?:刚才|刚刚|这(?:一)?步|那(?:一)?步)?(?:为什么|为啥|怎么|干嘛)(?:会|又|要)?(?:被)?(?:拦(?:下|住)?|停(?:下|住)?|卡住|熔断|不让(?:我)?(?:做|改|发)?)(?:了|的)?[?？。]?"
    r"|why (?:was|is|did|has) (?:it|this|that|i|my [\w ]+?)(?: been)? (?:stopped|blocked|paused|held)[?.]?",
    re.IGNORECASE,
)
_ASKS_SIGNALS = re.compile(
    r".{0,30}(?:有(?:什么|哪些|没有)?|的)信号(?:吗)?[?？。]?|.{0,10}\b(?:what|which|any) signals?\b.{0,60}", re.IGNORECASE
)
_ASKS_FIRINGS = re.compile(
    r".{0,12}(?:触发|拦|停)(?:过|了|下)?(?:了)?(?:什么|哪些|几次|多少)(?:熔断|操作|次|步)?.{0,6}|.{0,12}熔断(?:记录|情况|有哪些).{0,4}"
    r"|.{0,10}\b(?:which|what|any|show|list)\b.{0,12}\b(?:breakers?|stops)\b.{0,30}",
    re.IGNORECASE,
)
_APPEALS = re.compile(
    r"(?:我要|我想)?申诉(?:一下)?(?:[:：,，\s]+(?P<zh>.+))?|(?:i )?appeal(?:[:,\s]+(?P<en>.+))?", re.IGNORECASE | re.DOTALL
)
_RULES = re.compile(
    r"(?P<how>放行|维持|解除信号|release|uphold|lift)\s*(?P<id>[FS]-[0-9a-f]{10})(?:[:：,，\s]+(?P<reason>.+))?",
    re.IGNORECASE | re.DOTALL,
)
_DICTATES = re.compile(
    r"(?:(?:帮我|请|麻烦)?(?:告诉|转告|回复|发(?:消息|信息|微信)?给|发给)|(?:please )?(?:tell|message|write to|text))\s*"
    r"(?P<to>[^:：,，。\n]{1,40}?)\s*[:：]\s*(?P<text>.+)",
    re.IGNORECASE | re.DOTALL,
)
_RULINGS: dict[str, Ruling] = {
    "放行": "released",
    "release": "released",
    "维持": "upheld",
    "uphold": "upheld",
    "解除信号": "lifted",
    "lift": "lifted",
}

_REASONS: dict[Ruling, str] = {"released": "release_reason", "upheld": "uphold_reason", "lifted": "lift_reason"}


@dataclass(frozen=True)
class PlainPlay:
    """What such words lead to, and the rows it wants to see.

    Of a dictated message only what `addressee` matches (its group `to`) says who is meant: the rest is for them.
    """

    function: Callable[[Situation], Result | None]
    needs: frozenset[str] = frozenset()
    addressee: re.Pattern[str] | None = None

    def about(self, text: str) -> str:
        """The part of the words that says which customer they are about."""
        said = self.addressee.fullmatch(text.strip()) if self.addressee else None
        return said["to"] if said else text


def plainly(text: str) -> PlainPlay | None:
    """The play of these words, or None where only the model can tell what they mean."""
    said = text.strip()
    return next((play for pattern, play in _PLAYS if pattern.fullmatch(said)), None)


def ruled_in(text: str) -> Literal["zh", "en"] | None:
    """The language of a ruling or a signature, by its verb, as the number of a stop or review has Latin letters always;
    None for other words."""
    orders = (_RULES, reviews.SIGNS, reviews.RETURNS, reviews.WANTS, reviews.BASIS)
    said = next((found for words in orders if (found := words.fullmatch(text.strip()))), None)
    if said is None:
        return None
    return "en" if said["how"].isascii() else "zh"


def why_stopped(s: Situation) -> Result:
    """The latest stop: the speaker's own first, else one of their team's."""
    firings = _firings(s)
    mine = [one for one in firings if one.person_id == s.speaker.person_id]
    latest = next(iter(mine or firings), None)
    if latest is None:
        return Answer("no_stops")
    card = firing_card(latest)
    told: dict[str, Json] = {**card, "why": card["why"][s.lang], "at": iso(latest.at), "state": latest.state}
    told |= {"ruling": latest.ruling, "appeal": latest.appeal, "bare": None if latest.said_by else latest.words or None}
    offers = (AppealFiring(latest.id),) if latest.state == "open" and latest.person_id == s.speaker.person_id else ()
    return Answer("stop", told, offers=offers)


def signals(s: Situation) -> Result:
    """What the customer has shown that counts now, with the words; a complaint that is open is one as well."""
    customer = the_customer(s)
    if not isinstance(customer, Customer):
        return customer
    subject = customer_subject(customer, s.lang)
    shown = [row for row in s.rows.get("signals", ()) if isinstance(row, Signal)]
    rows = [_signal_row(one) for one in shown]
    rows += [
        {"row": "complaint", "text": one.text or one.subject, "ticket": one.id, "at": iso(one.opened_at)}
        for one in s.rows.get("complaints", ())
        if isinstance(one, Ticket)
    ]
    told: dict[str, Json] = {"customer": named(customer, s.lang), "count": len(rows)}
    if not rows:
        return Answer("no_signals", told, subject=subject)
    to_lift = next((one for one in shown if may_rule(one.roles, _about_signal(one, customer), s.speaker)), None)
    says = ("lift_signal",) if to_lift else ()
    return Answer("signals", {**told, "signal": to_lift.id if to_lift else None}, tuple(rows), says=says, subject=subject)


def firings(s: Situation) -> Result:
    found = _firings(s)[:MOST_FIRINGS]
    if not found:
        return Answer("no_stops")
    rows = tuple(_firing_row(one, s.lang) for one in found)
    return Answer("firings", {"count": len(rows)}, rows)


def appeal(s: Situation) -> Result:
    said = _APPEALS.fullmatch(s.text.strip())
    words = (said["zh"] or said["en"] or "") if said else ""
    open_ones = [one for one in _firings(s) if one.person_id == s.speaker.person_id and one.state == "open"]
    return AppealFiring(open_ones[0].id, words.strip()) if open_ones else Answer("nothing_to_appeal")


def rule(s: Situation) -> Result:
    """A ruling on a stop, or the lifting of a signal: the sentence that says why is asked for where it is missing."""
    said = _RULES.fullmatch(s.text.strip())
    assert said is not None  # the pattern led here
    reason = str(s.answers.get("reason") or said["reason"] or "").strip()
    ruling, record_id = _RULINGS[said["how"].lower()], said["id"]
    if record_id.upper().startswith("S"):
        return LiftSignal(record_id, reason) if reason else Ask("reason", "lift_reason")
    firing = next((one for one in _firings(s) if one.id == record_id), None)
    if firing is None:
        return Answer("no_such_stop")
    if not reason:
        return Ask("reason", _REASONS[ruling], {"title": firing.title})
    return RuleOnFiring(firing.id, ruling, reason, firing.signal_id if ruling == "lifted" else None)


def dictated(s: Situation) -> Result | None:
    """A colleague's own words to a customer's contact; None where it is no customer that they are for."""
    said = _DICTATES.fullmatch(s.text.strip())
    assert said is not None  # the pattern led here
    if s.customer is None:
        return unclear(s) if s.not_yours is not None else None
    contacts = [row for row in s.rows.get("contacts", ()) if isinstance(row, Contact)]
    to = said["to"].strip().casefold()
    contact = next((one for one in contacts if to in (one.name.casefold(), one.name_en.casefold())), None)
    contact = contact or s.contact or next((one for one in contacts if one.is_primary), None)
    if contact is None or contact.customer_id != s.customer.id:
        return None
    return MessageCustomer(s.customer.id, contact.id, said["text"].strip())


def _firings(s: Situation) -> list[Firing]:
    return [row for row in s.rows.get("firings", ()) if isinstance(row, Firing)]


def _about_signal(signal: Signal, customer: Customer) -> Subject:
    return Subject("firing", signal.id, customer.name, customer.id, customer.owner_id)


def _signal_row(signal: Signal) -> dict[str, Json]:
    return {
        "row": "signal",
        "kind": signal.kind,
        "text": signal.words,
        "who": signal.said_by,
        "at": iso(signal.at),
        "source": place_of(signal),
    }


def _firing_row(firing: Firing, lang: str) -> dict[str, Json]:
    why = firing.why_en if lang == "en" else firing.why
    subject = about_firing(firing)
    return {"row": "firing", "title": subject.title, "why": why, "at": iso(firing.at), "state": firing.state}


def _needs(*names: str) -> frozenset[str]:
    return frozenset(names)


_PLAYS: tuple[tuple[re.Pattern[str], PlainPlay], ...] = (
    (_RULES, PlainPlay(rule, _needs("firings"))),
    (_APPEALS, PlainPlay(appeal, _needs("firings"))),
    (_ASKS_WHY, PlainPlay(why_stopped, _needs("firings"))),
    (_ASKS_SIGNALS, PlainPlay(signals, _needs("signals", "complaints", "owner"))),
    (_ASKS_FIRINGS, PlainPlay(firings, _needs("firings"))),
    (_DICTATES, PlainPlay(dictated, _needs("contacts", "owner"), _DICTATES)),
    (reviews.SIGNS, PlainPlay(reviews.sign, reviews.NEEDS)),
    (reviews.RETURNS, PlainPlay(reviews.give_back, reviews.NEEDS)),
    (reviews.WANTS, PlainPlay(reviews.ask_for, reviews.NEEDS)),
    (reviews.BASIS, PlainPlay(reviews.basis, reviews.NEEDS)),
    (reviews.ASKS_WHERE, PlainPlay(reviews.where, reviews.NEEDS)),
    (reviews.ASKS_MINE, PlainPlay(reviews.mine, reviews.NEEDS)),
    (reviews.ARRIVED, PlainPlay(reviews.arrived, reviews.NEEDS)),
)
