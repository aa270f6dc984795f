"""Slack's shape of a reply: Block Kit within its limits; the last station before a send, pure.

The limits are Slack's own (docs.slack.dev/reference/block-kit/blocks and …/composition-objects), except MESSAGE, which users
measured: slackapi/bolt-js#2509 saw `msg_blocks_too_long` from about 13,200 characters of blocks on.
"""

import json
from dataclasses import replace
from typing import Any

from bot.channels.cut import fitting, pieces, shorten
from bot.channels.pictures import spelled_out
from bot.message import Button, Card, Link, Reply
from bot.public_address import whole

HEADER = 150
SECTION = 3000
FIELD = 2000
FIELDS = 10
CONTEXT = 2000
BUTTONS = 25
LABEL = 75
BLOCKS = 50
MESSAGE = 13_000
TEXT = 3000
"""Longest text sent as one message. Slack takes 40,000, but folds what is long behind "show more" on a phone."""

_FACTS = 40
_SHARES = (1.0, 0.6, 0.3, 0.1, 0.03)
"""What of its limit each text gets, tried in turn until the whole card fits into MESSAGE."""
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_REPLACES = {
    "zh": "此卡片替代之前的那张,旧卡片作废。",
    "en": "This card replaces the earlier one, which no longer counts.",
}

Block = dict[str, Any]


def render(reply: Reply, address: str | None = None) -> dict[str, Any]:
    """The arguments `text` and `blocks` of a Slack message. `blocks` is empty for a reply without a card, so that
    redrawing a card as plain text takes its buttons away. `address` is our public one; without it links are left out."""
    reply = spelled_out(reply)
    card, links = reply.card, reply.links if address else ()
    text = reply.text.strip() or (card.title.strip() if card else "") or "…"
    told = escape(shorten(text, TEXT, weigh))
    if not card:
        told += "".join(f"\n<{whole(address or '', link.path)}|{escape(link.label)}>" for link in links)
    return {"text": told, "blocks": _fit(card, [_link(place, link, address) for place, link in enumerate(links)])}


def _link(place: int, link: Link, address: str | None) -> Block:
    """A button that opens a page. Slack sends a press for it all the same, without a value: nothing is to be done then."""
    url = whole(address or "", link.path)
    return {"type": "button", "action_id": f"parley.link.{place}", "text": _plain(link.label, LABEL), "url": url}


def split(reply: Reply) -> tuple[Reply, ...]:
    """A long text in several messages; a card stays one message, its parts shortened by render().

    Pictures are named in words.
    """
    reply = spelled_out(reply)
    if reply.card is not None:
        return (reply,)
    *before, last = pieces(reply.text, TEXT, weigh) or [reply.text]
    return (*(replace(reply, text=part, links=()) for part in before), replace(reply, text=last))


def disowning(reply: Reply) -> Reply:
    """The same card, saying that it replaces one that can no longer be redrawn."""
    says = _REPLACES[reply.lang]
    if reply.card is None:
        return replace(reply, text=f"{reply.text}\n{says}")
    note = f"{says}\n{reply.card.note}" if reply.card.note else says
    return replace(reply, card=replace(reply.card, note=note))


def escape(text: str) -> str:
    """Make the three characters harmless that Slack reads as control sequences: no text can mention or link anybody."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def weigh(character: str) -> int:
    """What a character counts at Slack once escaped; one outside the basic plane counts as two, to be on the safe side."""
    escaped = _ESCAPES.get(character)
    if escaped:
        return len(escaped)
    return 2 if character > "\uffff" else 1


def _fit(card: Card | None, links: list[Block]) -> list[Block]:
    if card is None:
        return []
    for share in _SHARES:
        blocks = _blocks(card, share, links)
        if len(json.dumps(blocks, ensure_ascii=False)) <= MESSAGE:
            return blocks
    return []


def _blocks(card: Card, share: float, links: list[Block]) -> list[Block]:
    blocks: list[Block] = []
    title = " ".join(card.title.split())
    if title:
        blocks.append({"type": "header", "text": _plain(title, HEADER)})
    lines = "\n".join(card.lines).strip()
    if lines:
        blocks.append({"type": "section", "text": _mrkdwn(lines, int(SECTION * share))})
    blocks.extend(_fact_blocks(card.facts, share))
    if card.quote and card.quote.strip():
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": _quoted(card.quote, int(SECTION * share))}})
    for small in (card.source, card.note):
        if small and small.strip():
            blocks.append({"type": "context", "elements": [_mrkdwn(small.strip(), int(CONTEXT * share))]})
    buttons = [_button(place, button) for place, button in enumerate(card.buttons[: BUTTONS - len(links)]) if button.token]
    if buttons or links:
        blocks.append({"type": "actions", "elements": [*buttons, *links]})
    return blocks[:BLOCKS]


def _fact_blocks(facts: tuple[tuple[str, str], ...], share: float) -> list[Block]:
    """Label over value, two columns on a wide screen, ten to a section."""
    if len(facts) > _FACTS:
        facts = (*facts[: _FACTS - 1], ("…", f"+{len(facts) - _FACTS + 1}"))
    fields = [_field(label, value, int(FIELD * share)) for label, value in facts]
    return [{"type": "section", "fields": fields[at : at + FIELDS]} for at in range(0, len(fields), FIELDS)]


def _field(label: str, value: str, limit: int) -> Block:
    named = escape(shorten(" ".join(label.split()) or "–", limit // 4, weigh))
    told = escape(shorten(value.strip() or "–", limit - limit // 4 - len("**\n"), weigh))
    return {"type": "mrkdwn", "text": f"*{named}*\n{told}"}


def _quoted(text: str, limit: int) -> str:
    """The passage as a blockquote: `>` before each line."""
    told = ""
    for line in text.strip().splitlines():
        start = ("\n" if told else "") + "> "
        room = limit - len(told) - len(start)
        if fitting(line, room - 2, weigh) < len(line) or room < 8:
            return told + start + escape(shorten(line, room, weigh)) if room >= 8 else told + "…"
        told += start + escape(line)
    return told


def _button(place: int, button: Button) -> Block:
    label = " ".join(button.label.split()) or "…"
    shape: Block = {"type": "button", "action_id": f"parley.{place}", "text": _plain(label, LABEL), "value": button.token}
    if button.style != "plain":
        shape["style"] = button.style
    return shape


def _plain(text: str, limit: int) -> Block:
    return {
        "type": "plain_text",
        "text": shorten(text, limit, lambda character: 2 if character > "\uffff" else 1),
        "emoji": False,
    }


def _mrkdwn(text: str, limit: int) -> Block:
    return {"type": "mrkdwn", "text": escape(shorten(text, limit, weigh))}
