"""Legal and special approval in conversation: handing in with items and sources, asking where it is, answering in words."""

import re
from collections.abc import Sequence
from decimal import Decimal

from actions.commands.materials import AskCustomer, AskMaterials, ticks_for
from actions.commands.reviews import (
    Clause,
    ReturnReview,
    SignReview,
    SubmitApproval,
    WithdrawReview,
    again,
    item_data,
)
from actions.crm.records import Activity, Contact, Desk, Paper, Recording, Review
from actions.plays.meant import the_deal, unclear
from actions.plays.play import Requested, Result
from actions.plays.told import exact, iso, money, named
from actions.policy.reviews import ReviewKind
from actions.proposal import Answer, Ask, Command, Json, Option, Subject
from actions.signing import DISCOUNT, Signing
from actions.situation import Situation

NEEDS = frozenset({"owner", "papers", "activities", "recordings", "contacts", "reviews", "requests"})
"""The rows that `submission` looks at, and those that tell where a review is."""
LONGEST_WHAT = 200
_MOST_ITEMS = 4
_ID = r"(?P<id>V-[0-9a-f]{10})"

SIGNS = re.compile(rf"(?:我)?(?P<how>签(?:了|字|署)?|同意签字?|i sign|sign(?: it| this)?)(?:\s*{_ID})?[。.]?", re.IGNORECASE)
RETURNS = re.compile(
    rf"(?P<how>退回(?:修改)?|打回|return(?: it)?|send (?:it )?back)(?:\s*{_ID})?(?:\s*[:：,，]\s*(?P<text>.+))?",
    re.IGNORECASE | re.DOTALL,
)
WANTS = re.compile(
    r"(?P<how>(?:还)?(?:需要|缺|要)补?|请补(?:充|交)?|补(?:充|交)?|we (?:still )?need|need|please add)"
    rf"(?:\s*{_ID})?\s*[:：]\s*(?P<text>.+)",
    re.IGNORECASE | re.DOTALL,
)
BASIS = re.compile(rf"(?P<how>依据|为什么|basis|why)\s*{_ID}[?？]?", re.IGNORECASE)
ASKS_WHERE = re.compile(
    r".{0,24}(?:合同|条款|特价|审批|送审|审核|法务).{0,6}"
    r"(?:走到哪|到哪|什么进度|进度|怎么样了|卡在哪|(?:批|签|审|看)(?:完|好|过|批|下来)?了?[吗没]).{0,6}"
    r"|.{0,12}\bwhere(?:'s| is| are)\b.{0,40}\b(?:contract|clause|review|approval|special price)\b.{0,30}"
    r"|.{0,12}\b(?:has|did) legal\b.{0,40}"
    r"|.{0,16}\b(?:status|progress) of\b.{0,40}\b(?:contract|review|approval|special price)\b.{0,20}"
    r"|.{0,40}\bstuck (?:at|with|in) legal\?",
    re.IGNORECASE,
)
ASKS_MINE = re.compile(
    r".{0,8}(?:待我?(?:签|审)|要我(?:签|审)|等我(?:签|审)).{0,8}"
    r"|what.{0,24}\b(?:to|must i|should i) (?:sign|review)\b.{0,20}",
    re.IGNORECASE,
)
ARRIVED = re.compile(
    r".{0,30}(?:资料|材料|文件|执照|授权书|委托书|盖章件|证明|报表).{0,8}"
    r"(?:发(?:过来|来|给我|到)|收到|到[了齐]|寄(?:来|到|出)|传(?:过来|来)"
    r"|补(?:齐|来|好|上)|给(?:我们|过来)).{0,12}"
    r"|.{0,40}\b(?:papers?|documents?|materials?|paperwork|licen[cs]e|authority|attorney)\b.{0,24}"
    r"\b(?:arrived|came(?: in)?|here|in|received|attached|sent)\b.{0,24}"
    r"|.{0,24}\b(?:sent|got|received|attached|here (?:is|are))\b.{0,32}"
    r"\b(?:papers?|documents?|materials?|paperwork|licen[cs]e|authority|attorney)\b.{0,24}",
    re.IGNORECASE,
)
_BARE = ("签", "签字", "sign", "sign it", "sign this")
_NOT_YET = re.compile(r"没|未|不|还差|吗|[?？]|\bnot\b|n't|\byet\b|\bstill\b|\bwaiting\b|\bwhen\b|\bif\b", re.IGNORECASE)

_PLACES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"预付|首付|定金|订金|prepay|upfront|advance|deposit|down payment", re.IGNORECASE), "预付款", "prepayment"),
    (re.compile(r"尾款|质保金|retention|final payment", re.IGNORECASE), "尾款", "final payment"),
    (re.compile(r"账期|付款|月结|payment|net \d+|credit term", re.IGNORECASE), "付款条件", "payment terms"),
    (re.compile(r"违约|罚|penalt|liquidated", re.IGNORECASE), "违约责任", "penalties"),
    (re.compile(r"责任|赔|liabilit|indemn", re.IGNORECASE), "责任上限", "liability"),
    (re.compile(r"质保|保修|warrant", re.IGNORECASE), "质保", "warranty"),
    (re.compile(r"交货|交付|交期|deliver", re.IGNORECASE), "交付", "delivery"),
    (re.compile(r"验收|acceptance", re.IGNORECASE), "验收", "acceptance"),
    (re.compile(r"sla|响应时间|uptime|response time", re.IGNORECASE), "服务水平", "service level"),
    (re.compile(r"管辖|仲裁|jurisdiction|governing law|arbitrat", re.IGNORECASE), "管辖", "jurisdiction"),
    (re.compile(r"数据|保密|data|confidential|nda", re.IGNORECASE), "数据与保密", "data and confidentiality"),
)
_VALUE = re.compile(
    r"\d+(?:\.\d+)?\s*(?:%|％|个点|天|日|个月|年|万元?|元|days?|weeks?|months?|years?|percent|per cent)", re.IGNORECASE
)
_TO = re.compile(
    r"改成|改为|改到|降到|降至|调到|调成|延到|变成|换成|要求|只能|只接受|最多|→|->"
    r"|\bto\b|\binstead\b|\bwants?\b|\bonly\b|\bat most\b",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"接受不了|不能接受|不接受|不同意|太(?:高|长|短|重)|can't|cannot|won't|refus|reject|not accept|too ", re.IGNORECASE
)
_RECORDING = re.compile(r"(?:录音|通话|电话|recording|call)\D{0,12}?(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?", re.IGNORECASE)
_SPECIAL = re.compile(r"特价|特批|特殊(?:价|折扣)|折扣|special price|discount", re.IGNORECASE)
_CLAUSE = re.compile(r"条款|违约|账期|付款条件|clause|terms", re.IGNORECASE)
_TELLS_OF_TERMS = ("objection.contract_terms", "buying.discount_request")


# --- handing in ----------------------------------------------------------------------------------------------------------


def submission(s: Situation, kind: ReviewKind | None = None) -> tuple[SubmitApproval, ...]:
    """ "Send to legal" for the situation at hand: the kind of review that fits, with each changed clause or price and where
    it comes from. Empty where no deal is meant, or a customer speaks. Wants the rows of NEEDS to name the sources.
    """
    if s.deal is None or not s.speaker.is_staff:
        return ()
    kind = kind or _kind_of(s)
    items = _price_items(s) if kind == "special_price" else _clause_items(s)
    paper = _paper_to_review(s, kind)
    return (SubmitApproval(s.deal.id, s.text[:LONGEST_WHAT], kind, items[:_MOST_ITEMS], paper.id if paper else None),)


def hand_in(s: Situation) -> Result:
    """An order to hand in: carried out at once, as the card tells exactly what."""
    deal = the_deal(s)
    if isinstance(deal, Ask | Answer):
        return deal
    return submission(s)[0]


def _kind_of(s: Situation) -> ReviewKind:
    if s.intent == "objection.contract_terms":
        return "clause"
    if s.intent == "buying.discount_request" or (s.slot("percent") is not None and _SPECIAL.search(s.text)):
        return "special_price"
    if s.intent == "crm.submit_approval" and _CLAUSE.search(s.text):
        return "clause"
    return "special_price" if s.intent == "crm.submit_approval" and _SPECIAL.search(s.text) else "contract"


def _clause_items(s: Situation) -> tuple[Clause, ...]:
    """What these words ask to change, what the customer said of terms before, the quotation it departs from, and what the
    company's own document says."""
    found: list[Clause] = []
    if s.intent in _TELLS_OF_TERMS or _place_of(s.text, s.lang) is not None:
        found.append(_said_now(s))
    found += _said_before(s)[: 2 if not found else 1]
    if (quote := _quote_of(s)) is not None and quote.amount is not None:
        place = "quotation" if s.lang == "en" else "报价"
        amount = f"{quote.amount:,.2f} {quote.currency or ''}".strip()
        found.append(Clause(place, amount, "paper", "", quote.id, quote.version, quote.title))
    if found and s.passages:
        passage = s.passages[0]
        place = "our rule" if s.lang == "en" else "公司规定"
        title = f"{passage.title} · {passage.section}" if passage.section else passage.title
        found.append(Clause(place, _line_about(passage.text, s.text), "passage", "", passage.id, 0, title))
    return tuple(found)


def _line_about(text: str, said: str) -> str:
    """The line of a passage that is about the clause spoken of, else its first."""
    lines = [" ".join(line.strip(" -*").split()) for line in text.splitlines() if line.strip(" -*")]
    patterns = [words for words, _, _ in _PLACES if words.search(said)]
    about = (line for line in lines if any(words.search(line) for words in patterns))
    return next(about, lines[0] if lines else "")[:160]


def _price_items(s: Situation) -> tuple[Clause, ...]:
    assert s.deal is not None  # submission has looked
    wanted = exact(s.slot("percent"))
    place = DISCOUNT[1] if s.lang == "en" else DISCOUNT[0]
    old = f"{s.deal.discount.normalize():f}%" if s.deal.discount else "0%"
    found: list[Clause] = []
    if wanted is not None and 0 < wanted < 100:
        found.append(_from_words(s, Clause(place, f"{wanted.normalize():f}%", "report", old)))
    quote = _quote_of(s)
    if quote is not None and quote.amount is not None:
        place = "quotation" if s.lang == "en" else "报价"
        amount = f"{quote.amount:,.2f} {quote.currency or ''}".strip()
        found.append(Clause(place, amount, "paper", "", quote.id, quote.version, quote.title))
    return tuple(found)


def _said_now(s: Situation) -> Clause:
    place, old, new = clause_in(s.text, s.lang)
    return _from_words(s, Clause(place, new, "report", old))


def _from_words(s: Situation, clause: Clause) -> Clause:
    """The clause with where its words stand: in a recording that they name, or in this report of the colleague's."""
    who = named(s.contact, s.lang) if s.contact else named(s.customer, s.lang) if s.customer else ""
    place = _RECORDING.search(s.text)
    if place is None:
        return _with(clause, "report", s.key, s.speaker.called(s.lang))
    first, second, third = place.groups()
    parts = [int(part) for part in (first, second, third) if part is not None]
    at = Decimal(parts[0] * 60 + parts[1] if len(parts) == 2 else parts[0] * 3600 + parts[1] * 60 + parts[2])
    calls = [row for row in s.rows.get("activities", ()) if isinstance(row, Activity) and row.kind == "call"]
    heard = [row for row in s.rows.get("recordings", ()) if isinstance(row, Recording) and _holds(row, at)]
    call = heard[0].id if heard else calls[0].id if calls else s.key
    return _with(clause, "call", call, who, at)


def _holds(recording: Recording, second: Decimal) -> bool:
    """Whether a recording is long enough to have this second."""
    return recording.duration_ms is None or second * 1000 <= recording.duration_ms


def _with(clause: Clause, source: str, source_id: str, who: str, second: Decimal | None = None) -> Clause:
    kind = "call" if source == "call" else "report"
    return Clause(clause.place, clause.new, kind, clause.old, source_id, 0, "", who, second)  # type: ignore[arg-type]


def _said_before(s: Situation) -> list[Clause]:
    """What was noted of this customer's wishes for terms and price before, each with the note it stands in."""
    found = []
    for row in s.rows.get("activities", ()):
        if not isinstance(row, Activity) or row.intent not in _TELLS_OF_TERMS or row.text == s.text:
            continue
        if row.deal_id not in (None, s.deal.id if s.deal else None):
            continue
        place, old, new = clause_in(row.text, s.lang)
        contact = next((one for one in s.rows.get("contacts", ()) if isinstance(one, Contact) and one.id == row.by_id), None)
        who = named(contact, s.lang) if contact else named(s.customer, s.lang) if s.customer else ""
        found.append(Clause(place, new, "chat" if contact else "report", old, row.id, 0, "", who))
    return found


def clause_in(text: str, lang: str) -> tuple[str, str, str]:
    """The clause that words are about, what it says and what it should say: (place, old, new); old empty where unsaid."""
    place = _place_of(text, lang) or ("clause" if lang == "en" else "条款")
    values = list(_VALUE.finditer(text))
    marker = _TO.search(text)
    whole = " ".join(text.split())[:160]
    if marker is not None and (after := [one for one in values if one.start() >= marker.start()]):
        before = [one for one in values if one.end() <= marker.start()]
        return place, before[-1].group(0).strip() if before else "", after[0].group(0).strip()
    if len(values) >= 2:
        return place, values[0].group(0).strip(), values[1].group(0).strip()
    if values and _REFUSES.search(text):
        return place, values[0].group(0).strip(), whole
    return place, "", values[0].group(0).strip() if values else whole


def _place_of(text: str, lang: str) -> str | None:
    found = next(((zh, en) for words, zh, en in _PLACES if words.search(text)), None)
    return None if found is None else found[1] if lang == "en" else found[0]


def _of_deal(s: Situation) -> list[Paper]:
    papers = [row for row in s.rows.get("papers", ()) if isinstance(row, Paper)]
    return [one for one in papers if s.deal is not None and one.deal_id == s.deal.id and one.state != "discarded"]


def _quote_of(s: Situation) -> Paper | None:
    """The latest quotation of the deal: what the customer has seen, where one was sent."""
    quotes = [one for one in _of_deal(s) if one.kind == "quote"]
    return next((one for one in quotes if one.state == "sent"), next(iter(quotes), None))


def _paper_to_review(s: Situation, kind: ReviewKind) -> Paper | None:
    wanted = ("quote",) if kind == "special_price" else ("contract_request", "quote")
    in_force = [one for one in _of_deal(s) if one.state != "replaced"]
    return next((one for name in wanted for one in in_force if one.kind == name), None)


# --- where it is ---------------------------------------------------------------------------------------------------------


def where(s: Situation) -> Result:
    """Where a contract, clause or special price is, who it waits for, and what can be done about that."""
    found = _about(s)
    prices = [one for one in found if one.review.kind == "special_price"]
    if found:
        return _told(s, prices if prices and _SPECIAL.search(s.text) else found)
    if (question := unclear(s)) is not None and s.not_yours is not None:
        return question
    request = _requested(s)
    if request is not None:
        return Answer("review_requested", {**request.data, "signers": list(request.roles)})
    offers = submission(s, "contract")
    told: dict[str, Json] = {"customer": named(s.customer, s.lang) if s.customer else None}
    return Answer("no_review", told | {"can_be_asked": True if offers else None}, offers=offers)


def _requested(s: Situation) -> Requested | None:
    """A request to hand in that itself waits for a yes."""
    waiting = [row for row in s.rows.get("requests", ()) if isinstance(row, Requested)]
    if s.customer is not None:
        waiting = [row for row in waiting if row.customer_id == s.customer.id]
    return waiting[0] if waiting and s.unknown is None else None


def known(s: Situation) -> Result | None:
    """The same where a review of the deal at hand is open, else None: a status that somebody states is noted."""
    found = [one for one in _about(s) if one.review.state in ("open", "returned")]
    return _told(s, found) if found and (s.customer is not None or s.deal is not None) else None


def mine(s: Situation) -> Result:
    """What waits for the speaker's own signature."""
    found = _to_sign(s)
    return _told(s, found) if found else Answer("nothing_to_sign")


def pending(s: Situation) -> Result | None:
    """A bare yes or no of somebody who has reviews before them: they are shown, a press says which is meant."""
    found = _to_sign(s)
    return _told(s, found) if found else None


def basis(s: Situation) -> Result:
    """Each changed clause of a review with its source, and which version of which paper was looked at."""
    said = BASIS.fullmatch(s.text.strip())
    assert said is not None  # the pattern led here
    found = _by_id(s, said["id"])
    if found is None:
        return Answer("no_such_review")
    rows = tuple(item_data(one) for one in found.items)
    told = {**_data(s, found), "digest": found.review.digest[:8], "count": len(rows)}
    return Answer("review_items" if rows else "review_bare", told, rows, subject=_subject(found.review))


# --- answering in words --------------------------------------------------------------------------------------------------


def sign(s: Situation) -> Result | None:
    """A signature in words, for what was shown; None for whoever has nothing to sign."""
    said = SIGNS.fullmatch(s.text.strip())
    assert said is not None  # the pattern led here
    found = _meant(s, said["id"])
    if found is None and said["how"].casefold() in _BARE:  # one's own: that cannot be, and they hear why
        found = next((one for one in _about(s) if one.review.state == "open"), None) or Answer("nothing_to_sign")
    if isinstance(found, Ask | Answer) or found is None:
        return found
    return SignReview(found.review.id, found.review.digest)


def give_back(s: Situation) -> Result | None:
    """A return in words; what has to change is asked for where it is missing."""
    said = RETURNS.fullmatch(s.text.strip())
    assert said is not None  # the pattern led here
    found = _meant(s, said["id"])
    if isinstance(found, Ask | Answer) or found is None:
        return found
    comments = str(s.answers.get("reason") or said["text"] or "").strip()
    if not comments:
        return Ask("reason", "return_comments", {"title": found.review.title})
    return ReturnReview(found.review.id, comments)


def ask_for(s: Situation) -> Result | None:
    """Documents that whoever reviews wants; None for whoever reviews nothing."""
    said = WANTS.fullmatch(s.text.strip())
    assert said is not None  # the pattern led here
    found = _meant(s, said["id"])
    if isinstance(found, Ask | Answer) or found is None:
        return found
    rules = found.desk.rules
    parts = [part.strip(" .。") for part in re.split(r"[、,，;；]|\band\b|和", said["text"]) if part.strip(" .。")]
    names = [next(iter(sorted(rules.named_in(part))), part) for part in parts]
    return AskMaterials(found.review.id, tuple(names))


def is_not_yet(text: str) -> bool:
    """Whether words about documents ask for them, or say that they have not come."""
    return _NOT_YET.search(text) is not None


def arrived(s: Situation) -> Result | None:
    """A colleague says that documents have come: which, says a press after a look. None where none is missing."""
    if is_not_yet(s.text):
        return None
    found = [one for one in _about(s) if one.missing and one.review.state in ("open", "returned")]
    if not found:
        return None
    one = found[0]
    told = _data(s, one)
    return Answer("materials_look", told, offers=ticks_for(one, named_first=s.text), subject=_subject(one.review))


# --- pieces --------------------------------------------------------------------------------------------------------------


def _signings(s: Situation) -> list[Signing]:
    return [Signing(row, row.reviews[0]) for row in s.rows.get("reviews", ()) if isinstance(row, Desk)]


def _about(s: Situation) -> list[Signing]:
    """The reviews that are meant: of the deal, the customer, or, where none is named, all that the speaker may see."""
    found = _signings(s)
    customer_id = s.not_yours or (s.customer.id if s.customer else None)
    if s.deal is not None and any(one.review.deal_id == s.deal.id for one in found):
        return [one for one in found if one.review.deal_id == s.deal.id]
    if customer_id is not None:
        return [one for one in found if one.review.customer_id == customer_id]
    if s.unknown is not None:
        return []
    return [one for one in found if one.review.state != "signed"] or found[:1]


def is_under_review(s: Situation) -> bool:
    """Whether something of the deal at hand lies with those who must sign."""
    return s.deal is not None and any(one.review.deal_id == s.deal.id and one.review.state == "open" for one in _signings(s))


def _to_sign(s: Situation) -> list[Signing]:
    return [
        one
        for one in _signings(s)
        if one.review.state == "open"
        and one.may_sign(s.speaker)
        and all(yes.person_id != s.speaker.person_id for yes in one.yeses)
    ]


def _by_id(s: Situation, review_id: str | None) -> Signing | None:
    return next((one for one in _signings(s) if one.review.id == (review_id or "").replace("v-", "V-")), None)


def _meant(s: Situation, review_id: str | None) -> Signing | Ask | Answer | None:
    """The review that an answer in words is for: named, chosen, or the only one; a question where there are several."""
    chosen = review_id or s.answers.get("review")
    if chosen is not None:
        return _by_id(s, str(chosen)) or Answer("no_such_review")
    found = _to_sign(s)
    if not found:
        return Answer("nothing_to_sign") if s.speaker.role == "legal" else None
    if len(found) == 1:
        return found[0]
    options = tuple(Option(one.review.title, one.review.id) for one in found[:5])
    return Ask("review", "which_review", {}, options)


def _told(s: Situation, found: Sequence[Signing]) -> Answer:
    if len(found) == 1:
        one = found[0]
        return Answer("review", _data(s, one), offers=_steps(s, one), subject=_subject(one.review))
    rows = tuple({"row": "review", **_data(s, one)} for one in found)
    offers = [command for one in found for command in _steps(s, one)[:1]]
    return Answer("reviews", {"count": len(rows)}, rows, offers=tuple(offers[:3]))


def _steps(s: Situation, signing: Signing) -> tuple[Command, ...]:
    """What the speaker can do about it now, the likeliest first."""
    review = signing.review
    is_mine = s.speaker.role in ("rep", "manager", "director") and not (
        signing.may_sign(s.speaker) and review.asked_by != s.speaker.person_id
    )
    if review.state == "open" and signing in _to_sign(s):
        return (SignReview(review.id, signing.content[1]),)
    if review.state not in ("open", "returned") or not is_mine:
        return ()
    steps: list[Command] = [again(signing)] if review.state == "returned" else []
    if signing.missing:
        steps += [AskCustomer(review.id), *ticks_for(signing)[:1]]
    return (*steps, WithdrawReview(review.id))


def _data(s: Situation, signing: Signing) -> dict[str, Json]:
    review, desk, lang = signing.review, signing.desk, s.lang if s.lang == "en" else "zh"
    names = signing.names([review.answered_by]) if review.answered_by else None
    rules = desk.rules
    waits = signing.signers if review.state == "open" else None
    is_returned, is_signed = review.state == "returned", review.state == "signed"
    comma = ", " if lang == "en" else "、"
    deal = desk.deal
    return {
        "review": review.id,
        "title": review.title,
        "kind": review.kind,
        "state": review.state,
        "round": review.round if review.round > 1 else None,
        "amount": money(deal.amount, deal.currency) if deal else None,
        "signers": waits[lang] if waits else None,
        "since": iso(review.asked_at) if review.state == "open" else None,
        "returned_by": names[lang] if names and is_returned else None,
        "comments": review.comments if is_returned else None,
        "signed_by": names[lang] if names and is_signed else None,
        "signed_at": iso(review.answered_at) if is_signed else None,
        "missing": comma.join(rules.called(one.name)[lang] for one in signing.missing) or None,
        "asked_at": iso(min((one.asked_at for one in signing.missing if one.asked_at), default=None)),
        "items": [item_data(one) for one in signing.items] or None,
        "changed": True if review.state in ("open", "signed") and signing.content[1] != review.digest else None,
    }


def _subject(review: Review) -> Subject:
    return Subject("deal", review.deal_id or "", review.title, review.customer_id, review.asked_by)
