"""Words that steer the dialogue itself: a whole message that is one of them is found here, exactly."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from intents.understanding import Control

CONFIRM: Final = "approval.confirm"
REJECT: Final = "approval.reject"
THANKS: Final = "chat.thanks"

_LONGEST_PHRASE = 24
"""Characters; a longer message is not one of these and is not looked at closely."""


@dataclass(frozen=True)
class Phrase:
    """What such a message asks of the dialogue; `intent` is its usual meaning (reading rule 19) where it has one.

    `number` is the option chosen, counted from 1.
    """

    control: Control
    intent: str | None = None
    number: int | None = None


def _phrases(control: Control, intent: str | None, words: str) -> dict[str, Phrase]:
    return {_folded(word): Phrase(control, intent) for word in words.split("|")}


def find_phrase(text: str) -> Phrase | None:
    """Return the phrase that the whole message is, leaving aside width, case, punctuation and emoji around it."""
    if len(text) > 2 * _LONGEST_PHRASE:
        return None
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    bare = _folded(text)
    return _PHRASES.get(plain) or _PHRASES.get(bare) or _choice(plain, bare)


def _folded(text: str) -> str:
    """Return the words only; a message of nothing but signs or emoji keeps one of each run (👍👍 is 👍)."""
    folded = " ".join(unicodedata.normalize("NFKC", text).lower().replace("’", "'").split())
    words = "".join(char for char in folded if _is_word(char))
    if words.strip():
        return " ".join(words.split())
    signs = (char for char in folded if char not in _INVISIBLE)
    return re.sub(r"(.)\1+", r"\1", "".join(signs).replace(" ", ""))


_INVISIBLE = {"\ufe0f", "\u200d", *map(chr, range(0x1F3FB, 0x1F400))}
"""Emoji presentation, joiner and skin tones: they change the look and not the meaning."""


def _is_word(char: str) -> bool:
    return char in " '" or unicodedata.category(char)[0] in "LN"


_NUMERALS = {char: number for number, char in enumerate("一二三四五六七八九", start=1)} | {"两": 2, "兩": 2}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
_CARDINALS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_BARE_NUMBER = re.compile(r"\W*([1-9])\W*")
_CHINESE_CHOICE = re.compile(
    r"(?:我?(?:选择|选|選|要|就)(?:选项|選項|方案|第)?|选项|選項|方案|第)"
    r"([1-9一二三四五六七八九两兩])(?:个|個|项|項|种|種|号|號|家|吧)*"
)
_ENGLISH_CHOICE = re.compile(
    r"(?:i'll take |pick |choose )?(?:the )?"
    r"(?:(?:option|number|no|choice) ([1-9]|one|two|three|four|five)"
    r"|(first|second|third|fourth|fifth|[1-9](?:st|nd|rd|th))(?: one| option)?)"
)


def _choice(plain: str, bare: str) -> Phrase | None:
    if match := _BARE_NUMBER.fullmatch(plain):
        # "-1" and "1%" say something else than the first option
        return None if re.search(r"[-+%$¥€£]", plain) else Phrase("choice", number=int(match[1]))
    if (match := _CHINESE_CHOICE.fullmatch(bare.replace(" ", ""))) and len(bare) > 1:
        return Phrase("choice", number=_NUMERALS.get(match[1]) or int(match[1]))
    if match := _ENGLISH_CHOICE.fullmatch(bare):
        word = match[1] or match[2]
        number = _CARDINALS.get(word) or _ORDINALS.get(word) or int(word[0])
        return Phrase("choice", number=number)
    return None


_PHRASES: Final[dict[str, Phrase]] = (
    _phrases(
        "help",
        None,
        "帮助|帮帮我|幫助|幫幫我|使用帮助|你能做什么|你能做什麼|你会什么|你會什麼|你会做什么|你会干什么|你能干什么|能做什么|有什么功能|"
        "有哪些功能|怎么用你|你可以做什么|你可以做什麼|菜单|选单|功能|help|help me|/help|menu|"
        "what can you do|what do you do|"
        "what can i do here|what can i say|how does this work|commands|?|??",
    )
    | _phrases(
        "undo",
        REJECT,
        "撤销|撤銷|撤回|撤消|回退|取消上一步|撤销上一步|撤銷上一步|撤回上一步|撤销刚才的操作|撤回刚才的|撤回吧|撤销吧|算了撤回|"
        "undo|undo that|undo it|undo this|undo last|take that back|take it back|revert|revert that|"
        "roll that back|rollback|/undo",
    )
    | _phrases(
        "why",
        None,
        "为什么|為什麼|为什么呢|为啥|為啥|为何|凭什么|依据|依據|依据是什么|理由|原因|什么依据|怎么判断的|"
        "why|why is that|why so|how come|on what basis|what's the basis|explain|reason|reasons",
    )
    | _phrases(
        "more",
        None,
        "更多|全部|显示全部|顯示全部|展开|展開|查看更多|查看全部|看全部|还有吗|還有嗎|还有呢|下一页|下一頁|继续|繼續|详情|詳情|"
        "more|show more|show all|show me more|see all|all of them|the rest|next page|details|more details|expand",
    )
    | _phrases(
        "yes",
        CONFIRM,
        "确认|確認|同意|批准|准|准了|照准|通过|通過|是|是的|对|對|对的|對的|可以|可以的|没问题|沒問題|确定|確定|执行|執行|"
        "发吧|發吧|就这样|就這樣|就这么办|放行|同意发送|"
        "yes|y|yep|yeah|yes please|yup|sure|approve|approved|confirm|confirmed|go ahead|do it|agreed|i approve|lgtm|"
        "sounds good do it|correct|that's right|👍|✅|✔|☑",
    )
    | _phrases(
        "yes",
        THANKS,
        "好|好的|好吧|好啊|好呀|好滴|好嘞|行|行吧|行的|成|中|ok|okay|okey|k|okk|fine|alright|all right|👌|🆗",
    )
    | _phrases(
        "no",
        REJECT,
        "不|不是|不行|不要|不同意|不可以|不批|不批准|别|別|否|否决|驳回|駁回|退回|退件|打回去|取消|取消吧|算了|不用|不用了|先不要|"
        "先别发|别发|先等等|停|拒绝|拒絕|不对|不對|"
        "no|n|nope|nah|no thanks|cancel|cancel that|cancel it|no cancel that|reject|rejected|deny|denied|decline|declined|"
        "stop|don't|do not|don't send it|never mind|nevermind|forget it|👎|❌|✖|✗",
    )
    | _phrases(
        "ack",
        THANKS,
        "嗯|嗯嗯|哦|哦哦|噢|收到|知道了|晓得了|了解|明白|明白了|懂了|谢谢|謝謝|好的谢谢|好的收到|收到谢谢|多谢|"
        "got it|noted|roger|understood|copy|copy that|i see|thanks|thank you|thx|ty|cheers|mm|hm|uh huh|🙏|🫡",
    )
)
