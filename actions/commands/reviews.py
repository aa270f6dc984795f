"""Legal and special approval: handed in, signed, returned with comments, withdrawn, told as overdue. Plans only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from actions.commands.crm import UpdateAmount, UpdateStage
from actions.commands.papers import SendPaper
from actions.commands.planning import (
    SALES,
    about_deal,
    changes,
    customer_name,
    is_text,
    new_id,
    not_found,
    problem,
    stamp,
)
from actions.crm.own import json_value
from actions.crm.records import (
    OPEN_STAGES,
    STAGES,
    Customer,
    Deal,
    Desk,
    ItemSource,
    Material,
    Review,
    ReviewItem,
    Speaker,
)
from actions.policy.hours import zone_of
from actions.policy.reviews import ReviewKind
from actions.proposal import (
    Command,
    Create,
    Effect,
    Facts,
    Json,
    Notify,
    Plan,
    Redraw,
    Schedule,
    Subject,
    Unschedule,
    Update,
)
from actions.signing import CLOSED_PAPER, Signing, needs_of, work_days_later

STAFF = frozenset({"rep", "manager", "director", "consultant", "legal"})
LONGEST_CLAUSE = 400
"""Characters kept of a clause, old or new: what is reviewed is told, the whole stands in its source."""
MOST_ITEMS = 8


@dataclass(frozen=True)
class Clause:
    """A changed clause or price as it is handed in; the fields are those of ReviewItem."""

    place: str
    new: str
    source: ItemSource
    old: str = ""
    source_id: str = ""
    source_version: int = 0
    source_title: str = ""
    said_by: str = ""
    second: Decimal | None = None


# --- handed in, withdrawn -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SubmitApproval:
    """Hand in a contract, clause or special price for review: whoever must sign is told, and the deal waits on them.

    Handed in again after it came back, or while it waits with something changed, it is the next round of the same review.
    What legal has read cannot be unread, so there is no inverse: it can be withdrawn.
    """

    deal_id: str
    what: str
    kind: ReviewKind = "contract"
    items: tuple[Clause, ...] = ()
    paper_id: str | None = None

    name: ClassVar[str] = "submit_approval"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("deal", self.deal_id), ("desk", f"deal:{self.deal_id}"))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        deal: Deal | None = facts.get("deal", self.deal_id)
        if deal is None:
            return not_found("deal", self.deal_id)
        if deal.stage not in OPEN_STAGES:
            return problem("closed", about_deal(deal), stage=deal.stage)
        desk: Desk = replace(facts.get("desk", f"deal:{self.deal_id}") or Desk(""), deal=deal)
        paper = next((one for one in desk.papers if one.id == self.paper_id), None)
        if self.paper_id is not None and (paper is None or paper.customer_id != deal.customer_id):
            return not_found("paper", self.paper_id)
        if paper is not None and paper.state in CLOSED_PAPER:
            return problem("paper_closed", about_deal(deal), state=paper.state)
        before = next((one for one in desk.reviews if one.kind == self.kind and one.state in ("open", "returned")), None)
        review = self._review(desk, deal, before, speaker, key, now)
        items = self._items(review, key)
        after = replace(desk, items=(*desk.items, *items))
        signing = Signing(after, review)
        content, digest = signing.content
        signing = Signing(after, replace(review, content=content, digest=digest))
        if signing.decision.verdict == "refuse":
            return problem("nobody_signs", about_deal(deal), kind=self.kind)
        if before is not None and before.state == "open" and before.digest == digest:
            return _is_open_already(Signing(desk, before), deal)
        return self._handed_in(facts, signing, before, items, speaker, key, now)

    def _review(self, desk: Desk, deal: Deal, before: Review | None, speaker: Speaker, key: str, now: datetime) -> Review:
        """The review as it will be, but for its content, which is worked out from it."""
        asker = desk.person(speaker.person_id)
        due = None
        if asker is not None:
            due = work_days_later(desk.hours, now, desk.rules.kinds[self.kind].overdue_days, asker, "")
        return Review(
            id=before.id if before else new_id("V", key),
            kind=self.kind,
            title=deal.title,
            what=self.what.strip()[:LONGEST_CLAUSE],
            asked_by=speaker.person_id or "",
            asked_at=now,
            content="",
            digest="",
            needs=needs_of(self.kind, desk.rules),
            customer_id=deal.customer_id,
            deal_id=deal.id,
            paper_id=self.paper_id,
            round=before.round + 1 if before else 1,
            answer_by=due,
            proposal_id=key,
        )

    def _items(self, review: Review, key: str) -> tuple[ReviewItem, ...]:
        return tuple(
            ReviewItem(
                id=f"{new_id('I', key)}-{number}",
                review_id=review.id,
                round=review.round,
                place=one.place.strip()[:80],
                new=one.new.strip()[:LONGEST_CLAUSE],
                source=one.source,
                old=one.old.strip()[:LONGEST_CLAUSE],
                source_id=one.source_id,
                source_version=one.source_version,
                source_title=one.source_title[:120],
                said_by=one.said_by[:120],
                second=None if one.second is None else abs(one.second).quantize(Decimal("0.01")),
            )
            for number, one in enumerate(self.items[:MOST_ITEMS])
        )

    def _handed_in(
        self,
        facts: Facts,
        signing: Signing,
        before: Review | None,
        items: Sequence[ReviewItem],
        speaker: Speaker,
        key: str,
        now: datetime,
    ) -> Plan:
        desk, review = signing.desk, signing.review
        assert desk.deal is not None  # it was looked up
        values = {field: json_value(value) for field, value in vars(review).items() if field != "id"}
        lacking = [] if before else _lacking(desk, review, key)
        signing = Signing(replace(desk, materials=(*desk.materials, *lacking)), review)
        told = review_card(signing, customer_name(facts, review.customer_id)) | {
            "by": speaker.name,
            "by_en": speaker.called("en"),
            "is_same": True if before and before.state == "returned" and before.digest == review.digest else None,
        }
        if before is None:
            kept: tuple[Effect, ...] = (Create("review", review.id, values),)
        else:
            wanted = {field: value for field, value in vars(review).items() if field != "id"}
            kept = changes("review", before, wanted).updates
        effects: tuple[Effect, ...] = (
            *changes("deal", desk.deal, {"waiting_on": waits_on(review)}).updates,
            *kept,
            *(Create("review_item", one.id, _values(one)) for one in items),
            *(Create("material", one.id, _values(one)) for one in lacking),
            *(() if before is None else (Redraw(view_of(review), "review_again", told),)),
            *(_due(review) if review.answer_by else ()),
            *asked(signing, "approval_submitted", told),
        )
        return Plan(
            effects=effects,
            subjects=(about_deal(desk.deal),),
            # a question about a clause or a price binds nobody: whoever signs it is the second person already
            measures={
                "amount": float(desk.deal.amount),
                "currency": desk.deal.currency,
                "contract": review.kind == "contract",
            },
            data={**told, "signers": signing.signers, "again": review.round if before else None},
            offers=_next_steps(signing, speaker),
        )


@dataclass(frozen=True)
class WithdrawReview:
    """Whoever asked takes it back: nobody can sign it any more, and nothing is chased for it."""

    review_id: str

    name: ClassVar[str] = "withdraw_review"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return review_reads(self.review_id)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        found = signing_of(facts, self.review_id)
        if isinstance(found, Plan):
            return found
        review = found.review
        if review.state not in ("open", "returned"):
            return not_open(found, about_review(review))
        told = review_card(found, customer_name(facts, review.customer_id)) | {
            "by": speaker.name,
            "by_en": speaker.called("en"),
        }
        effects: tuple[Effect, ...] = (
            *changes("review", review, {"state": "withdrawn", "signed": "[]"}).updates,
            *deal_waits(found, None),
            *no_more_timers(review),
            Redraw(view_of(review), "review_withdrawn", told),
        )
        return Plan(effects, (about_review(review),), data=told)


# --- answered -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SignReview:
    """Sign exactly what `digest` names. Where something has changed since, it is shown again instead."""

    review_id: str
    digest: str

    name: ClassVar[str] = "sign_review"
    roles: ClassVar[frozenset[str]] = STAFF

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return review_reads(self.review_id)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        found = signing_of(facts, self.review_id)
        if isinstance(found, Plan):
            return found
        review, subject = found.review, about_signature(found, speaker)
        told = review_card(found, customer_name(facts, review.customer_id))
        told |= {"by": speaker.name, "by_en": speaker.called("en")}
        if review.state != "open":
            return not_open(found, subject)
        if (cannot := cannot_sign(found, subject, speaker)) is not None:
            return cannot
        if found.paper is not None and found.paper.state in CLOSED_PAPER:
            return problem("review_paper_gone", subject, **told)
        if found.content[1] != self.digest:
            again = SignReview(review.id, found.content[1])
            return replace(problem("review_changed", subject, **told, changes_since=found.differences), offers=(again,))
        if found.rule.waits and found.missing:
            return problem("materials_missing", subject, **told)
        if any(yes.person_id == speaker.person_id for yes in found.yeses):
            return problem("signed_already", subject, **told)
        signed = found.with_yes(speaker.person_id or "", found.rules_for(speaker))
        lacks = found.lacks(signed)
        content, digest = found.content
        wanted: dict[str, Any] = {"signed": signed, "content": content, "digest": digest}
        if digest != review.digest:  # it is another text than the one that was handed in
            wanted["round"] = review.round + 1
        if lacks:
            return self._partly(found, subject, wanted, told)
        return self._signed(found, subject, wanted, told, speaker, now)

    def _partly(self, found: Signing, subject: Subject, wanted: Mapping[str, Any], told: Mapping[str, Json]) -> Plan:
        """One signature of several: it is kept, and the others are asked with it on the card."""
        review = found.review
        after = Signing(found.desk, replace(review, **wanted))
        lacks = after.open_needs
        progress = {**told, "so_far": after.names([yes.person_id for yes in after.yeses]), "signers": after.signers}
        effects: tuple[Effect, ...] = (
            *changes("review", review, wanted).updates,
            Redraw(view_of(review), "review_partly", progress),
            *asked(after, "approval_submitted", progress, lacks),
        )
        return Plan(effects, (subject,), data={**progress, "is_partly": True})

    def _signed(
        self,
        found: Signing,
        subject: Subject,
        wanted: Mapping[str, Any],
        told: Mapping[str, Json],
        speaker: Speaker,
        now: datetime,
    ) -> Plan:
        review = found.review
        settled = {**wanted, "state": "signed", "answered_by": speaker.person_id, "answered_at": now, "comments": None}
        effects: tuple[Effect, ...] = (
            *changes("review", review, settled).updates,
            *deal_waits(found, None),
            *no_more_timers(review),
            Redraw(view_of(review), "review_signed_card", told),
            Notify(to_asker(found), "review_signed", told, offers=_after_signing(found, now)),
        )
        return Plan(effects, (subject,), data={**told, "signers": None})


@dataclass(frozen=True)
class ReturnReview:
    """Give it back to whoever asked, with what has to change; it is handed in again as the next round."""

    review_id: str
    comments: str

    name: ClassVar[str] = "return_review"
    roles: ClassVar[frozenset[str]] = STAFF

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return review_reads(self.review_id)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        found = signing_of(facts, self.review_id)
        if isinstance(found, Plan):
            return found
        review, subject = found.review, about_signature(found, speaker)
        if review.state != "open":
            return not_open(found, subject)
        if (cannot := cannot_sign(found, subject, speaker)) is not None:
            return cannot
        if not is_text(self.comments):
            return problem("no_comments", subject)
        comments = self.comments.strip()
        told = review_card(found, customer_name(facts, review.customer_id))
        told |= {"by": speaker.name, "by_en": speaker.called("en"), "comments": comments}
        settled = {
            "state": "returned",
            "answered_by": speaker.person_id,
            "answered_at": now,
            "comments": comments,
            "signed": "[]",
        }
        effects: tuple[Effect, ...] = (
            *changes("review", review, settled).updates,
            *deal_waits(found, None),
            Unschedule(due_timer(review.id)),
            Redraw(view_of(review), "review_returned_card", told),
            Notify(to_asker(found), "review_returned", told, offers=(again(found), WithdrawReview(review.id))),
        )
        return Plan(effects, (subject,), data=dict(told))


# --- overdue ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TellOverdue:
    """Nobody has answered in time: whoever must sign is reminded, deputies and the next office up are asked too, and those
    whom the policy names are told. Once a round."""

    review_id: str
    round: int

    name: ClassVar[str] = "tell_overdue"
    roles: ClassVar[frozenset[str]] = STAFF

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return review_reads(self.review_id)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        found = signing_of(facts, self.review_id)
        if isinstance(found, Plan):
            return found
        review = found.review
        if review.state != "open" or review.round != self.round or review.told_at is not None:
            return problem("unchanged", about_review(review), field="state", value=review.state)
        wanted: dict[str, Any] = {"told_at": now}
        if (wider := found.wider()) is not None:
            wanted["needs"] = wider
        after = Signing(found.desk, replace(review, **wanted))
        told = review_card(after, customer_name(facts, review.customer_id)) | {
            "signers": found.signers,
            "since": stamp(review.asked_at),
        }
        asker = found.desk.person(review.asked_by)
        asks = after.put_to(after.open_needs)
        others = dict.fromkeys(
            f"person:{asker.manager_id}" if office == "manager" and asker and asker.manager_id else _OFFICES[office]
            for office in sorted(found.desk.rules.tell)
        )
        effects: tuple[Effect, ...] = (
            *changes("review", review, wanted).updates,
            *asked(after, "review_overdue", told),
            *(Notify(to, "review_late", told) for to in (to_asker(found), *others) if to not in asks),
        )
        return Plan(effects, (about_review(review),), data=told)


_OFFICES = {"manager": "group:@managers", "director": "group:@managers", "legal": "group:@legal"}


# --- shared by the commands above, and by those about documents ------------------------------------------------------------


def review_reads(review_id: str) -> tuple[tuple[str, str], ...]:
    return (("review", review_id), ("desk", f"review:{review_id}"))


def signing_of(facts: Facts, review_id: str) -> Signing | Plan:
    """The review with all that lies on its desk, or the problem that it, or its deal, is gone."""
    desk: Desk | None = facts.get("desk", f"review:{review_id}")
    review = desk.review(review_id) if desk else None
    if desk is None or review is None:
        return not_found("review", review_id)
    if desk.deal is None:
        return not_found("deal", review.deal_id)
    return Signing(desk, review)


def about_review(review: Review) -> Subject:
    """A review is about whoever asked: it is theirs, and their manager's."""
    return Subject("review", review.id, review.title, review.customer_id, review.asked_by)


def about_signature(signing: Signing, speaker: Speaker) -> Subject:
    """A signature is about whoever may give it."""
    review = signing.review
    owner = speaker.person_id if signing.may_sign(speaker) else review.asked_by
    return Subject("signature", review.id, review.title, review.customer_id, owner)


def cannot_sign(signing: Signing, subject: Subject, speaker: Speaker) -> Plan | None:
    if signing.may_sign(speaker):
        return None
    if speaker.person_id == signing.review.asked_by:
        return problem("own_review", subject, signers=signing.signers)
    return problem("not_a_signer", subject, signers=signing.signers)


def not_open(signing: Signing, subject: Subject) -> Plan:
    """That it has been answered or withdrawn, by whom, in one sentence."""
    review = signing.review
    names = signing.names([review.answered_by]) if review.answered_by else None
    return problem("review_not_open", subject, state=review.state, who=names, comments=review.comments)


def _is_open_already(signing: Signing, deal: Deal) -> Plan:
    review = signing.review
    told = problem("review_open", about_deal(deal), signers=signing.signers, since=stamp(review.asked_at), kind=review.kind)
    return replace(told, offers=(WithdrawReview(review.id),))


def view_of(review: Review) -> str:
    return f"review:{review.id}"


def due_timer(review_id: str) -> str:
    return f"review_due:{review_id}"


def chase_timer(review_id: str) -> str:
    return f"chase:{review_id}"


def no_more_timers(review: Review) -> tuple[Effect, ...]:
    return (Unschedule(due_timer(review.id)), Unschedule(chase_timer(review.id)))


def _due(review: Review) -> tuple[Effect, ...]:
    assert review.answer_by is not None  # whoever calls has looked
    data = {"review": review.id, "round": review.round}
    return (Schedule(due_timer(review.id), "review_due", review.answer_by, data),)


def waits_on(review: Review) -> str:
    """What the deal waits on while this review is open."""
    return "approval" if review.kind == "special_price" else "legal"


def deal_waits(signing: Signing, on: str | None) -> tuple[Update, ...]:
    """The deal waits on something else now; what it was told to wait on otherwise stays."""
    deal = signing.desk.deal
    assert deal is not None  # whoever calls has looked
    if on is None and deal.waiting_on not in (waits_on(signing.review), "materials"):
        return ()
    return changes("deal", deal, {"waiting_on": on}).updates


def to_asker(signing: Signing) -> str:
    """Whoever asked; where they have left, whoever looks after the deal or the customer, else their manager."""
    desk, review = signing.desk, signing.review
    asker = desk.person(review.asked_by)
    in_turn = (
        review.asked_by,
        desk.deal.owner_id if desk.deal else None,
        desk.customer.owner_id if desk.customer else None,
        asker.manager_id if asker else None,
    )
    here = (one for one in in_turn if one and (person := desk.person(one)) is not None and not person.has_left)
    return f"person:{next(here, review.asked_by)}"


def asked(signing: Signing, topic: str, told: Mapping[str, Json], needs: Sequence[Any] | None = None) -> tuple[Notify, ...]:
    """The question to each who may sign, with what is reviewed and the button to sign it."""
    review = signing.review
    sign = SignReview(review.id, signing.content[1])
    to = signing.put_to(signing.open_needs if needs is None else needs)
    return tuple(Notify(one, topic, told, view_of=view_of(review), offers=(sign,)) for one in to)


def again(signing: Signing) -> SubmitApproval:
    """The order to hand in the same once more, after it was changed."""
    review = signing.review
    items = tuple(
        Clause(
            one.place,
            one.new,
            one.source,
            one.old,
            one.source_id,
            one.source_version,
            one.source_title,
            one.said_by,
            one.second,
        )
        for one in signing.items
    )
    latest = _latest_version(signing)
    return SubmitApproval(review.deal_id or "", review.what, review.kind, items, latest)


def _latest_version(signing: Signing) -> str | None:
    """The version of the reviewed paper that is in force."""
    paper_id = signing.review.paper_id
    by_old = {one.replaces_id: one.id for one in signing.desk.papers if one.replaces_id and one.state not in CLOSED_PAPER}
    known = {one.id: one for one in signing.desk.papers}
    seen: set[str] = set()
    while paper_id is not None and paper_id not in seen and paper_id in known and known[paper_id].state in CLOSED_PAPER:
        seen.add(paper_id)
        paper_id = by_old.get(paper_id)
    return paper_id


def _next_steps(signing: Signing, speaker: Speaker) -> tuple[Command, ...]:
    """For whoever handed it in: the customer is asked for what is missing; it can be withdrawn."""
    # materials are a matter of their own, and this file comes before theirs
    from actions.commands.materials import AskCustomer  # noqa: PLC0415

    ask = (AskCustomer(signing.review.id),) if signing.missing else ()
    return (*ask, WithdrawReview(signing.review.id))


def _after_signing(signing: Signing, now: datetime) -> tuple[Command, ...]:
    """The next step once it is signed: the price that was allowed, the paper that may go out now, or the deal moved on."""
    deal, review, paper, desk = signing.desk.deal, signing.review, signing.paper, signing.desk
    assert deal is not None  # whoever calls has looked
    if review.kind == "special_price":
        wanted = next((number for one in signing.items if (number := percent(one.new)) is not None), None)
        return () if wanted is None or wanted == deal.discount else (UpdateAmount(deal.id, discount=wanted),)
    steps: list[Command] = []
    asker = desk.person(review.asked_by)
    if paper is not None and paper.state in ("draft", "approved") and asker is not None:
        can_be_reached = desk.contact is not None and desk.contact.id == paper.contact_id and desk.is_reachable
        day = now.astimezone(zone_of(asker.zone)).date()
        steps.append(SendPaper(paper.id, paper.digest, day, paper.contact_id if can_be_reached else None, paper.deal_id))
    if STAGES.index(deal.stage) < STAGES.index("negotiation"):
        steps.append(UpdateStage(deal.id, "negotiation"))
    return tuple(steps)


def percent(text: str) -> Decimal | None:
    """The percent off that a price item says (`12%`), 0 to 100; None for anything else."""
    number = text.strip().removesuffix("%").strip()
    if text.strip() == number or not number.replace(".", "", 1).isascii() or not number.replace(".", "", 1).isdigit():
        return None
    value = Decimal(number)
    return value if value <= 100 else None


def _lacking(desk: Desk, review: Review, key: str) -> list[Material]:
    """The documents that a review of this kind needs and this customer has not given yet."""
    there = {one.name for one in desk.materials if one.state == "arrived"}
    return [
        Material(new_id("N", f"{key}:{name}"), review.id, name, review.customer_id)
        for name in desk.rules.kinds[review.kind].materials
        if name not in there
    ]


def _values(record: ReviewItem | Material) -> dict[str, Json]:
    return {field: json_value(value) for field, value in vars(record).items() if field != "id"}


def review_card(signing: Signing, customer: str) -> dict[str, Json]:
    """What a person is shown of a review."""
    desk, review = signing.desk, signing.review
    deal, paper = desk.deal, signing.paper
    return {
        "review": review.id,
        "kind": review.kind,
        "title": review.title,
        "customer": _in_both(desk.customer) or customer,
        "amount": json_value(deal.amount) if deal else None,
        "currency": deal.currency if deal else None,
        "discount": json_value(deal.discount) if deal and deal.discount else None,
        "what": review.what,
        "round": review.round if review.round > 1 else None,
        "paper": f"{paper.title} v{paper.version}" if paper else None,
        "items": [item_data(one) for one in signing.items],
        "missing": [desk.rules.called(one.name) for one in signing.missing],
        "signers": signing.signers,
    }


def item_data(item: ReviewItem) -> dict[str, Json]:
    """One changed clause with its source, to be told as a row."""
    who, version = item.said_by or None, item.source_version or None
    told: dict[str, Json] = {"row": "review_item", "place": item.place, "old": item.old or None, "new": item.new}
    told["bare"] = None if item.old else item.place
    told["ref"] = source_of(item)
    match item.source:
        case "paper":
            told |= {"paper": item.source_title, "version": version, "source_id": item.source_id}
        case "passage":
            told |= {"passage": item.source_title}
        case "call":
            told |= {"call": _place_in_recording(item.second), "who": who}
        case "chat":
            told |= {"chat_by": who or item.source_id}
        case "report":
            told |= {"report_by": who or item.source_id}
    return told


def source_of(item: ReviewItem) -> str:
    """The source as the record names it: `paper:Q-1@2`, `passage:HASH`, `call:A7@755`, `report:` and a message's id."""
    at = {"paper": str(item.source_version), "call": "" if item.second is None else str(int(item.second))}
    place = at.get(item.source, "")
    return f"{item.source}:{item.source_id}" + (f"@{place}" if place else "")


def _place_in_recording(second: Decimal | None) -> str | None:
    if second is None:
        return None
    minutes, seconds = divmod(int(second), 60)
    return f"{minutes}:{seconds:02d}"


def _in_both(customer: Customer | None) -> dict[str, str] | None:
    if customer is None:
        return None
    return {"zh": customer.name, "en": customer.name_en or customer.name}
