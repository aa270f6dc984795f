"""Reply -> WeChat: plain text, with numbered options in place of buttons, within 2,048 bytes. Pure."""

from bot.channels.pictures import spelled_out
from bot.channels.tencent.cut import cut_bytes
from bot.channels.tencent.plain import numbered, plain
from bot.channels.tencent.words import OPTIONS
from bot.message import Reply

MOST_BYTES = 2048
"""Of a passive reply (developers.weixin.qq.com, 被动回复用户消息). The document of the customer-service message gives no
figure; the same limit keeps both ways equal, and error 45002 away."""


def text_of(reply: Reply) -> str:
    """The whole reply as one text, however long; pictures are named in it."""
    reply = spelled_out(reply)
    words = plain(reply)
    if reply.card is None or not reply.card.buttons:
        return words
    return f"{words}\n\n{OPTIONS[reply.lang]}\n{numbered(reply.card.buttons)}"


def split(reply: Reply) -> tuple[Reply, ...]:
    """The pieces in which a reply is sent; the options stay together in the last."""
    reply = spelled_out(reply)
    whole = text_of(reply)
    if not whole.strip():
        return (Reply("…", reply.lang),)
    if len(whole.encode()) <= MOST_BYTES:
        return (reply,)
    words = plain(reply)
    pieces = [Reply(piece, reply.lang) for piece in cut_bytes(words, MOST_BYTES)]
    options = whole[len(words) :].strip()
    return (*pieces, *(Reply(piece, reply.lang) for piece in cut_bytes(options, MOST_BYTES)))


def render(reply: Reply) -> str:
    """One message; a piece from split() is never cut here."""
    return cut_bytes(text_of(reply) or "…", MOST_BYTES)[0]
