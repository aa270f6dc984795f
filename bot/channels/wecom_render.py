"""Reply -> WeCom: text, markdown or a template card with buttons, each within its limits. Pure.

Limits: developer.work.weixin.qq.com/document/path/90236 (application), 90248 (group chat), 91770 (group robot). What the
documents call advice for a card ("建议不超过") is kept as a limit, because the client cuts there.
"""

import hashlib
from dataclasses import replace
from typing import Any

from bot.channels.pictures import spelled_out
from bot.channels.tencent.cut import clip, cut_bytes, inert, width
from bot.channels.tencent.plain import card_text, numbered, plain
from bot.channels.tencent.words import COLON, IN_PRIVATE, SEE_ABOVE, SETTLED, SOURCE, Lang
from bot.message import Button, Card, Link, Reply
from bot.public_address import whole

MOST_TEXT_BYTES = 2048
MOST_MARKDOWN_BYTES = 2048
"""In application and group chat; a group robot would take 4,096, but a reply is split before its target is known."""
TITLE, SUBTITLE, QUOTE = 36, 160, 120
"""Chinese characters; the documents give no figure for the quotation, this one keeps a card on one screen."""
FACTS, LABEL, VALUE = 6, 5, 30
BUTTONS, BUTTON = 6, 10
_LINK_ROOM = 420
"""Bytes that are left free for a link: ours have a token of about 150, a host has 255 at most."""
_STYLES = {"primary": 1, "plain": 2, "danger": 3}
_SETTLED_KEY = "settled"

Payload = dict[str, Any]


def split(reply: Reply) -> tuple[Reply, ...]:
    """The pieces in which a reply is sent; a card that says more than a card holds sends its words ahead.

    Pictures are named in words.
    """
    reply = spelled_out(reply)
    card = reply.card
    if card is None:
        return _texts(plain(reply), reply)
    if not card.buttons:
        fits = len(markdown(card, reply.lang).encode()) <= MOST_MARKDOWN_BYTES - _LINK_ROOM * len(reply.links)
        return (reply,) if fits else _texts(card_text(card, reply.lang), reply)
    if _fits_card(card):
        return (reply,)
    choices = _long_labels(card)
    ahead = replace(card, buttons=(), view_of=None, lines=(*card.lines, *choices))
    words = split(replace(reply, card=ahead, links=()))
    short = replace(card, lines=(SEE_ABOVE[reply.lang],), facts=(), quote=None, source=None, note=None)
    return (*words, replace(reply, card=short))


def render(reply: Reply, task: str, address: str | None = None) -> Payload:
    """A message to one person. `address` is our public one; without it links are left out."""
    reply = spelled_out(reply)
    pages = [(inert(link.label), whole(address, link.path)) for link in reply.links] if address else []
    if reply.card is None:
        return _text(plain(reply), "".join(f'\n<a href="{url}">{label}</a>' for label, url in pages))
    if reply.card.buttons:
        card = button_card(reply.card, reply.lang, task, reply.links if address else (), address or "")
        return {"msgtype": "template_card", "template_card": card}
    return _markdown(markdown(reply.card, reply.lang), "".join(f"\n[{label}]({url})" for label, url in pages))


def render_for_group(reply: Reply) -> Payload:
    """A message to a group, where nothing can be pressed."""
    reply = spelled_out(reply)
    if reply.card is None:
        return _text(plain(reply))
    body = markdown(reply.card, reply.lang)
    if not reply.card.buttons:
        return _markdown(body)
    hint = f"\n{IN_PRIVATE[reply.lang]}\n{numbered(reply.card.buttons)}"
    room = MOST_MARKDOWN_BYTES - len(hint.encode())
    return _markdown(cut_bytes(body, max(room, 64))[0] + hint)


def button_card(card: Card, lang: Lang, task: str, links: tuple[Link, ...] = (), address: str = "") -> Payload:
    """A template card; one that asks nothing any more shows a grey button instead of its buttons. A link is a button that
    opens a page (type 1) and sends nothing."""
    pages = [{"type": 1, "text": _shown(one.label, BUTTON), "style": 2, "url": whole(address, one.path)} for one in links]
    body: Payload = {
        "card_type": "button_interaction",
        "source": {"desc": "Parley", "desc_color": 0},
        "main_title": {"title": _shown(card.title, TITLE)},
        "task_id": task,
        "button_list": [
            *(_buttons(card.buttons)[: BUTTONS - len(pages)] or [{"text": SETTLED[lang], "style": 2, "key": _SETTLED_KEY}]),
            *pages,
        ],
    }
    if not card.buttons:
        body["replace_text"] = SETTLED[lang]
    if subtitle := _subtitle(card, lang):
        body["sub_title_text"] = clip(subtitle, SUBTITLE)
    if card.facts:
        body["horizontal_content_list"] = [
            {"keyname": _shown(label, LABEL), "value": _shown(value, VALUE)} for label, value in card.facts[:FACTS]
        ]
    if card.quote:
        body["quote_area"] = {"type": 0, "quote_text": _shown(card.quote, QUOTE)}
        if card.source:
            body["quote_area"]["title"] = clip(SOURCE[lang] + inert(card.source), TITLE)
    return body


def task_id(key: str) -> str:
    """The ledger's key in the letters that a task id may have; the same key makes the same card."""
    return "p-" + hashlib.sha256(key.encode()).hexdigest()[:40]


def markdown(card: Card, lang: Lang) -> str:
    parts = [f"**{inert(card.title)}**", *(inert(line) for line in card.lines)]
    parts += [f"> {inert(label)}{COLON[lang]}{inert(value)}" for label, value in card.facts]
    if card.quote:
        parts += [f"> {inert(line)}" for line in card.quote.splitlines() if line.strip()]
    if card.source:
        parts.append(_grey(SOURCE[lang] + card.source))
    if card.note:
        parts.append(_grey(card.note))
    return "\n".join(part for part in parts if part.strip())


def _grey(text: str) -> str:
    return f'<font color="comment">{inert(text)}</font>'


def _buttons(buttons: tuple[Button, ...]) -> list[Payload]:
    are_long = _has_long_labels(buttons)
    texts = [f"{number}. {button.label}" if are_long else button.label for number, button in enumerate(buttons, 1)]
    return [
        {"text": _shown(text, BUTTON), "style": _STYLES[button.style], "key": button.token}
        for text, button in zip(texts[:BUTTONS], buttons[:BUTTONS], strict=True)
    ]


def _shown(text: str, limit: int) -> str:
    """WeCom refuses a card with an empty text in it."""
    return clip(inert(text.strip()), limit) or "–"


def _long_labels(card: Card) -> tuple[str, ...]:
    """Cut labels may look alike, so the whole ones go ahead, with the numbers that stand on the buttons."""
    return (numbered(card.buttons),) if _has_long_labels(card.buttons) else ()


def _subtitle(card: Card, lang: Lang) -> str:
    source = SOURCE[lang] + card.source if card.source and not card.quote else ""
    return inert("\n".join(part for part in (*card.lines, source, card.note or "") if part.strip()))


def _fits_card(card: Card) -> bool:
    return (
        _width(card.title) <= TITLE
        and width(_subtitle(card, "en")) <= SUBTITLE
        and len(card.facts) <= FACTS
        and all(_width(label) <= LABEL and _width(value) <= VALUE for label, value in card.facts)
        and _width(card.quote or "") <= QUOTE
        and _width(card.source or "") <= TITLE - 4
        and not _has_long_labels(card.buttons)
    )


def _has_long_labels(buttons: tuple[Button, ...]) -> bool:
    return any(_width(button.label) > BUTTON for button in buttons)


def _width(text: str) -> float:
    return width(inert(text))


def _texts(text: str, reply: Reply) -> tuple[Reply, ...]:
    """The text in pieces, with room in the last for the links of the reply."""
    *before, last = cut_bytes(text, MOST_TEXT_BYTES - _LINK_ROOM * len(reply.links)) or ["…"]
    return (*(Reply(piece, reply.lang) for piece in before), Reply(last, reply.lang, links=reply.links))


def _text(text: str, links: str = "") -> Payload:
    room = MOST_TEXT_BYTES - len(links.encode())
    return {"msgtype": "text", "text": {"content": cut_bytes(text or "…", room)[0] + links}}


def _markdown(text: str, links: str = "") -> Payload:
    room = MOST_MARKDOWN_BYTES - len(links.encode())
    return {"msgtype": "markdown", "markdown": {"content": cut_bytes(text, room)[0] + links}}
