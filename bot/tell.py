"""tell: a phrased reply goes into the ledger of sends, its buttons written down beside it, in the deed's transaction."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import select

from actions import audit
from actions.crm import people
from actions.outside.store import Tx, after_commit
from actions.outside.tables import ButtonRow, InboxRow
from actions.proposal import Basis, Outcome
from actions.proposal_json import decision_to_json
from actions.world import World
from bot.announce import Announcer
from bot.buttons import Mint, pressed
from bot.channels.pictures import picture_of
from bot.kept_papers import at_home
from bot.message import Address, Reply
from bot.outbox import Outbox, Send
from bot.phrase import phrase_plain
from bot.thread import Question, question_to_json
from bot.wording.layout import Phrased
from retrieval.passage import Passage

log = structlog.get_logger()
_basis = TypeAdapter(Basis)


class Teller:
    """Puts replies into the ledger. `windows` says how long a channel's own request may still take an answer along."""

    def __init__(self, world: World, outbox: Outbox, announce: Announcer, windows: Mapping[str, timedelta]) -> None:
        self._world = world
        self._outbox = outbox
        self._announce = announce
        self._windows = windows

    async def tell(
        self,
        tx: Tx,
        key: str,
        to: Address,
        phrase: Callable[[Mint], Phrased],
        *,
        question: Question | None = None,
        outcome: Outcome | None = None,
        answers: str | None = None,
    ) -> dict[str, Any] | None:
        """Phrase a reply, write its buttons down and put it into the ledger of sends. Returns what "why?" would show."""
        mint = Mint(key, to.key, self._world.now())
        phrased = phrase(mint)
        basis = outcome.proposal.basis if outcome else phrased.why
        if phrased.more is not None:
            mint.add("more", {"text": phrased.more, "later": list(phrased.later)})
        why: dict[str, Any] | None = None
        if basis is not None:
            kept = _basis.dump_python(basis, mode="json")
            if phrased.later:
                mint.add("more", {"basis": kept})
            why = {"basis": kept, "decision": decision_to_json(outcome.decision) if outcome else None}
            if outcome is not None:
                why["proposal"] = outcome.proposal.id
            mint.add("why", why)
            mint.add("do", {"basis": kept})
        if question is not None:
            for action in ("fill", "read_as"):
                mint.add(action, {"question": question_to_json(question)})
        await mint.save(tx)
        cited = [_citation(key, answers, passage, words) for passage, words in phrased.cited]
        if cited:
            await audit.append(tx, self._world.now(), *cited)
        view_of = phrased.reply.card.view_of if phrased.reply.card else None
        target = await self._outbox.put(
            tx,
            key,
            to,
            at_home(phrased.reply, self._world.home),
            answers=answers,
            card=view_of,
            hold_until=self._held_until(to) if answers else None,
        )
        after_commit(tx, partial(self._outbox.kick, [target]))
        return why

    async def redraw(
        self, tx: Tx, key: str, outcome: Outcome, phrase: Callable[[Address, Reply, Mint], Phrased]
    ) -> frozenset[str]:
        """Show on every copy of a proposal's card how it stands now, with buttons that can be pressed.

        `phrase` gets the address, what the copy showed first, and what makes its buttons. Returns the targets redrawn.
        """
        kept = _basis.dump_python(outcome.proposal.basis, mode="json")
        mints: list[Mint] = []

        def reply_for(to: Address, earlier: Reply) -> Reply:
            mints.append(mint := Mint(f"{key}:{to.key}:{len(mints)}", to.key, self._world.now()))
            phrased = phrase(to, earlier, mint)
            why = {"basis": kept, "decision": decision_to_json(outcome.decision), "proposal": outcome.proposal.id}
            mint.add("why", why)
            return phrased.reply

        targets = await self._outbox.redraw(tx, key, f"proposal:{outcome.proposal.id}", reply_for)
        for mint in mints:
            await mint.save(tx)
        after_commit(tx, partial(self._outbox.kick, targets))
        return targets

    def _held_until(self, to: Address) -> datetime | None:
        """Until when an answer is left for the platform's own request to take along (WeChat's passive reply)."""
        window = self._windows.get(to.channel)
        return self._world.now() + window if window else None

    async def could_not_reach(self, send: Send) -> None:
        """A send was given up: whoever was to get it hears of it where else they can be reached.

        What a group's chat does not take (Parley was removed from it) each of its members gets alone, buttons and all. Not
        so for a picture: the words that it belongs to have arrived, or were given up and told of themselves.
        """
        log.error("send_given_up", send=send.key, channel=send.to.channel, error=send.error)
        if picture_of(send.reply) is not None:
            return
        async with self._world.store.write() as tx:
            person_id = await people.bound_to(tx, send.to.channel, send.to.conversation)
            if person_id is None:
                await self._to_each_member(tx, send)
                return
            for address in await self._announce.addresses(tx, f"person:{person_id}", but=send.to.channel):
                sentence = phrase_plain("gave_up", send.reply.lang)
                target = await self._outbox.put(tx, f"given_up:{send.key}", address, sentence.reply)
                after_commit(tx, partial(self._outbox.kick, [target]))

    async def _to_each_member(self, tx: Tx, send: Send) -> None:
        """A notice for a group, to each of its members. An answer there, and a card drawn anew, were for that chat only."""
        if send.answers is not None or send.redraws is not None:
            return
        for group in await people.groups_in(tx, send.to.channel, send.to.conversation):
            for address in await self._announce.members(tx, group):
                key = f"given_up:{send.key}:{address.key}"
                mint = Mint(key, address.key, self._world.now())
                reply = await _made_anew(tx, send.reply, mint)
                await mint.save(tx)
                target = await self._outbox.put(tx, key, address, reply, card=send.card)
                after_commit(tx, partial(self._outbox.kick, [target]))

    async def reaches(self, tx: Tx, person_id: str) -> bool:
        """Whether this person can be written to on a channel that is on."""
        return bool(await self._announce.addresses(tx, f"person:{person_id}"))

    async def takes_part(self, address: Address) -> bool:
        """Whether something was said or heard at this very address before."""
        said = select(ButtonRow.token).where(ButtonRow.conversation == address.key).limit(1)
        heard = select(InboxRow.key).where(InboxRow.conversation == address.key).limit(1)
        async with self._world.store.read() as tx:
            return (await tx.execute(heard)).first() is not None or (await tx.execute(said)).first() is not None


async def _made_anew(tx: Tx, reply: Reply, mint: Mint) -> Reply:
    """The same for another conversation, with buttons of its own and a line that says why it comes alone."""
    why = phrase_plain("group_gave_up", reply.lang).reply.text
    if reply.card is None:
        return replace(reply, text=f"{why}\n{reply.text}") if reply.text else reply
    buttons = [(one, await pressed(tx, one.token)) for one in reply.card.buttons]
    again = tuple(replace(one, token=mint(made.action, made.data)) for one, made in buttons if made is not None)
    card = replace(reply.card, lines=(why, *reply.card.lines), buttons=again)
    return replace(reply, text=f"{why}\n{reply.text}", card=card)


def _citation(reply: str, answers: str | None, passage: Passage, words: str) -> audit.Entry:
    """What a reply rests on: the passage by the hash of its content, so that its very words can be found again."""
    body = {
        "reply": reply,
        "passage": passage.id,
        "document": passage.document,
        "lang": passage.lang,
        "version": passage.version,
        "section": passage.section,
        "page": passage.page,
        "words": words,
    }
    return audit.Entry("citation", None, answers or reply, body)
