"""What is said when a question was answered but goes on: one yes of several, other arguments, passed on, an old card."""

from collections.abc import Sequence
from dataclasses import replace

from actions.answering import editable
from actions.crm.records import Speaker
from actions.decide import may_confirm
from actions.proposal import Command, Outcome, Proposal
from bot.message import Card
from bot.phrase import phrase_confirmation, phrase_outcome, phrase_waiting
from bot.standing import Waiting
from bot.wording.asking import asked_deed, called, changed_arguments, progress, stood_in
from bot.wording.deeds import title_of
from bot.wording.fill import Voice
from bot.wording.layout import Mint, Phrased, card_of, reply_of
from bot.wording.sentences import Language, has


def phrase_partial(waiting: Waiting, viewer: Speaker, lang: Language, *, is_again: bool) -> Phrased:
    """Their yes is kept, and who is waited for."""
    voice = Voice(lang, viewer.zone)
    told = {"deed": asked_deed(waiting.proposal, voice), "title": title_of(waiting.proposal, voice)}
    said = voice.say("outcome.partial_again" if is_again else "outcome.partial", told)
    lines = [*said.split("\n"), *progress(waiting.standing, voice)]
    return Phrased(reply_of(card_of("\n".join(lines)), voice), why=waiting.proposal.basis)


def phrase_current(waiting: Waiting, viewer: Speaker, lang: Language, mint: Mint) -> Phrased:
    """After a press on a card that no longer holds: what is asked today, or what became of it."""
    voice = Voice(lang, viewer.zone)
    proposal, decision, standing = waiting.proposal, waiting.decision, waiting.standing
    if waiting.state != "pending":
        told = {"deed": asked_deed(proposal, voice), "title": title_of(proposal, voice)}
        key = {"done": "outcome.old_card_done"}.get(waiting.state, "outcome.old_card_over")
        return Phrased(reply_of(card_of(voice.say(key, told)), voice), why=proposal.basis)
    phrase = phrase_confirmation if may_confirm(proposal, decision, viewer) else phrase_waiting
    phrased = phrase(proposal, decision, viewer, lang, mint, standing)
    card = phrased.reply.card
    assert card is not None  # both have buttons
    shown = replace(card, lines=(voice.say("outcome.old_card"), *card.lines))
    return replace(phrased, reply=reply_of(shown, voice))


def phrase_ask_edit(command: Command, lang: Language) -> Phrased:
    """Which values may be changed, by example."""
    voice = Voice(lang)
    allowed = [name for name in editable(command) if name != "currency"]
    if not allowed:
        return Phrased(reply_of(card_of(voice.say("problem.not_editable")), voice))
    example = voice.either([voice.say(f"example.{name}") for name in allowed if has(f"example.{name}")])
    return Phrased(reply_of(card_of(voice.say("card.ask_edit", {"example": example})), voice))


def phrase_vain_edit(outcome: Outcome, viewer: Speaker, lang: Language, mint: Mint) -> Phrased:
    """Why it could not be changed so; the request itself is as it was."""
    voice = Voice(lang, viewer.zone)
    if (reason := outcome.data.get("reason")) is not None and outcome.kind == "impossible":
        key = "problem.edit_unchanged" if reason == "unchanged" else f"problem.{reason}"
        return Phrased(reply_of(card_of(voice.say(key)), voice), why=outcome.proposal.basis)
    phrased = phrase_outcome(outcome, viewer, lang, mint)
    card = phrased.reply.card or card_of(phrased.reply.text)
    return replace(phrased, reply=reply_of(replace(card, lines=(*card.lines, voice.say("plain.edit_open"))), voice))


def phrase_superseded(instead: Waiting, lang: Language) -> Phrased:
    """The old card once other arguments are asked for: by whom, which, and that it no longer holds."""
    proposal, edited = instead.proposal, instead.standing.edited
    voice = Voice(lang, proposal.requester.zone)
    assert edited is not None
    told = {
        "deed": asked_deed(proposal, voice),
        "title": title_of(proposal, voice),
        "by": called(edited["by"], instead.standing.names, voice),
    }
    lines = voice.say("outcome.superseded", told).split("\n")
    lines += changed_arguments(edited["changes"], proposal.plan, voice)
    card = Card(lines[0], tuple(lines[1:]), view_of=f"proposal:{edited['instead_of']}")
    return Phrased(reply_of(card, voice), why=proposal.basis)


def phrase_renewed(proposal: Proposal, lang: Language) -> Phrased:
    """The old card once the same is asked on other evidence: that it no longer holds."""
    voice = Voice(lang, proposal.requester.zone)
    told = {"deed": asked_deed(proposal, voice), "title": title_of(proposal, voice)}
    lines = voice.say("outcome.renewed", told).split("\n")
    return Phrased(reply_of(Card(lines[0], tuple(lines[1:]), view_of=f"proposal:{proposal.id}"), voice), why=proposal.basis)


def with_asked_anew(phrased: Phrased, lang: Language) -> Phrased:
    """An answer with the line that says why whoever asked hears of it once more."""
    voice = Voice(lang)
    card = phrased.reply.card or card_of(phrased.reply.text)
    reply = reply_of(replace(card, lines=(*card.lines, voice.say("outcome.asked_anew"))), voice)
    return replace(phrased, reply=replace(reply, files=phrased.reply.files, links=phrased.reply.links))


def phrase_changed(
    instead: Waiting, outcome: Outcome, viewer: Speaker, lang: Language, mint: Mint, *, is_requester: bool
) -> Phrased:
    """To the requester, and to whoever changed it: what is asked or done now in place of what was asked."""
    voice = Voice(lang, viewer.zone)
    if outcome.kind != "done":
        may = may_confirm(instead.proposal, instead.decision, viewer) and not is_requester
        phrase = phrase_confirmation if may else phrase_waiting
        return phrase(instead.proposal, instead.decision, viewer, lang, mint, instead.standing)
    edited = instead.standing.edited
    assert edited is not None
    phrased = phrase_outcome(outcome, viewer, lang, mint)
    by = called(edited["by"], instead.standing.names, voice)
    lines = changed_arguments(edited["changes"], instead.proposal.plan, voice)
    told = voice.say("card.edited", {"by": by, "changes": voice.then(lines)})
    card = phrased.reply.card or card_of(phrased.reply.text)
    reply = reply_of(replace(card, lines=(*card.lines, told)), voice)
    return Phrased(reply, phrased.more, phrased.why, phrased.cited)


def phrase_passed_on(waiting: Waiting, outcome: Outcome, asked: Sequence[str], viewer: Speaker, lang: Language) -> Phrased:
    """To the requester: nobody has answered; who is asked now (by id), and until when."""
    voice = Voice(lang, viewer.zone)
    standing = waiting.standing
    told = {
        "deed": asked_deed(waiting.proposal, voice),
        "title": title_of(waiting.proposal, voice),
        "who": voice.join([called(one, standing.names, voice) for one in asked]),
        "until": standing.until,
    }
    key = "outcome.escalated" if outcome.kind == "escalated" else "outcome.reminded"
    lines = [*voice.say(key, told).split("\n"), *stood_in(outcome.data.get("stand_ins", ()), standing.names, voice)]
    return Phrased(reply_of(card_of("\n".join(lines)), voice), why=waiting.proposal.basis)
