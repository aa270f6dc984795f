"""The stage of a deal, by one of its six canonical names, told from what people call it."""

import re
from collections.abc import Iterator

from intents.understanding import Slot

_STAGE_WORDS = {
    "lead": "线索|初步接触|初次接触|初步沟通|潜在客户|lead|initial contact|prospecting|new lead",
    "qualified": "已确认需求|需求确认|确认需求|资质确认|需求明确|已验证|合格线索|合格|"
    "qualified|qualification|discovery|needs confirmed",
    "proposal": "方案报价|方案/报价|方案|报价|提案|已报价|proposal sent|proposal/quote|proposal|quoted|quotation",
    "negotiation": "商务谈判|合同谈判|谈判|议价|negotiations?|negotiating|contract negotiation",
    "won": "赢单|签约|成交|已签约|已成交|签单|closed[- ]won|closed and won|won|signed",
    "lost": "输单|丢单|战败|流失|已丢单|closed[- ]lost|closed and lost|lost",
}
_STAGE_OF = {word: stage for stage, words in _STAGE_WORDS.items() for word in words.split("|")}
_ANY_STAGE = "|".join(sorted(_STAGE_OF, key=len, reverse=True))
_PLAIN_STAGE = re.compile(r"初步接触|已确认需求|资质确认|商务谈判|赢单|输单|丢单|\bclosed[- ](?:won|lost)\b", re.IGNORECASE)
_STAGE_AFTER_CUE = re.compile(
    rf"(?:(?:推进|推|移|挪|拖|搬|升|调|转|改|变更|更新|进入|进|标记|标|设置?|设|放|挪|退|回退)(?:成|为|到|至|回|入|做|去|埋)?了?\s?|(?:move|mark|set|push|update)\s?(?:到|成|为|做)\s?|(?:阶段|状态)(?:改|调|更新|变更)?(?:成|为|到|是|[:：])?\s?"
    rf"|\b(?:to|as(?! quoted)|into|in|at|under|read|stage(?: is|:)?|stage to|mark(?: it| that|"
    rf" this|(?: \w+){{1,2}}?)?) (?:the )?['\"“]?)(?P<stage>{_ANY_STAGE})(?:阶段)?(?![A-Za-z])(?!单|书|表|给|发)",
    re.IGNORECASE,
)
_STAGE_BEFORE_CUE = re.compile(rf"(?<![A-Za-z])(?P<stage>{_ANY_STAGE})\s?(?:阶段|stage\b|phase\b)", re.IGNORECASE)
_STAGE_READINGS = [(re.compile(word, re.IGNORECASE), stage) for word, stage in _STAGE_OF.items()]


def find_stages(text: str) -> Iterator[Slot]:
    """Yield the six stages of a deal by their canonical names; everyday words (方案, lead) only where a cue says stage."""
    for match in _PLAIN_STAGE.finditer(text):
        yield Slot("stage", match[0], match.start(), stage_of(match[0]) or "")
    for pattern in (_STAGE_AFTER_CUE, _STAGE_BEFORE_CUE):
        for match in pattern.finditer(text):
            yield Slot("stage", match["stage"], match.start("stage"), stage_of(match["stage"]) or "")


def stage_of(word: str) -> str | None:
    """Return lead, qualified, proposal, negotiation, won or lost for a word that names a stage."""
    return next((stage for pattern, stage in _STAGE_READINGS if pattern.fullmatch(word)), None)
