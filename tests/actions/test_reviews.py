"""Reviews: what a signature is for, who may give it, what sources stand behind it, and what happens when two are at it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from actions.approvers import Staff, policy_gaps
from actions.carry_out import undo
from actions.commands.crm import UpdateAmount
from actions.commands.materials import AskCustomer, AskMaterials, ChaseMaterials, TickMaterials
from actions.commands.reviews import (
    Clause,
    ReturnReview,
    SignReview,
    SubmitApproval,
    TellOverdue,
    WithdrawReview,
)
from actions.crm import own
from actions.crm.records import Customer, Desk, Employee, Material, Paper, Review, Speaker
from actions.policy.policy import Policy
from actions.policy.reviews import Reviews, shipped_reviews
from actions.proposal import Command, Facts, Notify, Plan, Schedule, Unschedule, Update
from actions.signing import Signing, is_good_time, signed_by, work_days_later
from tests.actions.house import (
    CHAT,
    CONSULTANT,
    DIRECTOR,
    FACTS,
    LEGAL,
    MANAGER,
    NOW,
    OTHER_REP,
    PEOPLE,
    POLICY,
    REP,
    FakeWorld,
)

DEAL = FACTS.get("deal", "D001")
CUSTOMER = FACTS.get("customer", "C001")
CONTACT = FACTS.get("contact", "K001")
SECOND_LEGAL = Employee("E41", "样例法务二", "Sample Legal Two", "legal", "", deputy_id="E40")
EVERYBODY = (*PEOPLE, Employee("E20", "样例总监", "Sample Director", "director", ""))
TWO_OF_LEGAL = """
kinds:
  contract: {signers: [{roles: [legal], needed: 2}], materials: [licence], waits: true, overdue_days: 1}
  clause: {signers: [{roles: [legal]}, {people: [E11]}], overdue_days: 1}
  special_price: {signers: [{roles: [manager]}], own: true, overdue_days: 1}
materials:
  licence: {zh: 营业执照, en: business licence, words: [执照]}
chase_days: [2, 5]
tell: [manager]
"""


def desk(*reviews: Review, **known: Any) -> Desk:
    found = Desk("", DEAL, CUSTOMER, CONTACT, True, reviews=reviews, people=EVERYBODY)
    return replace(found, **known)


def facts(on: Desk) -> Facts:
    keys = {("desk", f"review:{one.id}"): replace(on, reviews=(one,)) for one in on.reviews}
    return Facts({**FACTS.records, ("desk", "deal:D001"): on, **keys})


def plan(command: Command, speaker: Speaker = REP, on: Desk | None = None, now: datetime = NOW) -> Plan:
    return command.plan(facts(on or desk()), speaker, "P-1", now)


def created(made: Plan, on: Desk | None = None) -> Desk:
    """The desk after a plan that hands something in."""
    on = on or desk()
    records: dict[str, list[Any]] = {"review": [], "review_item": [], "material": []}
    for effect in made.effects:
        kind = getattr(effect, "kind", None)
        if kind in records and hasattr(effect, "values"):
            values = {name: own.coerce(kind, name, value) for name, value in effect.values.items()}
            records[kind].append(own.KINDS[kind](id=effect.id, **values))
    return replace(
        on,
        reviews=(*records["review"], *on.reviews),
        items=(*on.items, *records["review_item"]),
        materials=(*on.materials, *records["material"]),
    )


def after(made: Plan, on: Desk) -> Desk:
    """The desk after updates of its reviews and materials."""

    def changed(record: Any, kind: str) -> Any:
        wanted = {
            one.field: own.coerce(kind, one.field, one.new)
            for one in made.effects
            if isinstance(one, Update) and one.kind == kind and one.id == record.id
        }
        return replace(record, **wanted)

    return replace(
        on,
        reviews=tuple(changed(one, "review") for one in on.reviews),
        materials=tuple(changed(one, "material") for one in on.materials),
    )


def handed_in(command: SubmitApproval | None = None, **known: Any) -> Desk:
    on = desk(**known)
    return created(plan(command or SubmitApproval("D001", "请审", "clause"), on=on), on)


def notices(made: Plan) -> dict[str, str]:
    return {one.to: one.topic for one in made.effects if isinstance(one, Notify)}


def sign(on: Desk) -> SignReview:
    return SignReview(on.reviews[0].id, on.reviews[0].digest)


# --- handing in ----------------------------------------------------------------------------------------------------------


def test_handing_in_keeps_what_is_reviewed_each_changed_clause_with_its_source_and_what_is_missing() -> None:
    said = Clause("预付款", "30%", "call", "50%", "A7", said_by="王建平", second=Decimal(755))
    on = handed_in(SubmitApproval("D001", "预付改 30%", "contract", (said,)))
    [review], [item] = on.reviews, on.items
    assert (review.state, review.round, review.asked_by, review.deal_id) == ("open", 1, "E01", "D001")
    assert (item.source, item.source_id, item.second, item.old, item.new) == ("call", "A7", Decimal(755), "50%", "30%")
    assert {one.name for one in on.materials} == {"business_licence", "signing_authority"}
    assert json.loads(review.content)["items"] == [["预付款", "50%", "30%"]]


def test_what_a_customer_has_given_before_is_not_wanted_again() -> None:
    known = Material("N1", "V-old", "business_licence", "C001", state="arrived")
    on = handed_in(SubmitApproval("D001", "合同"), materials=(known,))
    assert [one.name for one in on.materials if one.state == "missing"] == ["signing_authority"]


def test_the_same_again_is_open_already_and_something_changed_is_the_next_round() -> None:
    on = handed_in()
    assert plan(SubmitApproval("D001", "请审", "clause"), on=on).problem == "review_open"
    cheaper = replace(on, deal=replace(DEAL, amount=Decimal(450000)))
    again = SubmitApproval("D001", "请审", "clause").plan(
        Facts({**facts(cheaper).records, ("deal", "D001"): cheaper.deal}), REP, "P-2", NOW
    )
    updates = {one.field: one.new for one in again.effects if isinstance(one, Update)}
    assert (updates["round"], updates["digest"] != on.reviews[0].digest) == (2, True)


def test_a_paper_that_was_replaced_is_not_handed_in() -> None:
    old = Paper("Q1", "quote", "报价单", "d", "{}", "{}", customer_id="C001", deal_id="D001", state="replaced")
    assert plan(SubmitApproval("D001", "x", paper_id="Q1"), on=desk(papers=(old,))).problem == "paper_closed"


def test_where_nobody_can_sign_it_is_said_at_once() -> None:
    nobody = tuple(replace(one, has_left=True) for one in EVERYBODY if one.role in ("legal", "director", "manager"))
    assert plan(SubmitApproval("D001", "x"), on=desk(people=(*EVERYBODY[:1], *nobody))).problem == "nobody_signs"


# --- signing -------------------------------------------------------------------------------------------------------------


def test_legal_signs_and_whoever_asked_hears_it_with_the_next_step() -> None:
    on = handed_in(SubmitApproval("D001", "20%", "special_price", (Clause("折扣", "12%", "report", "4%"),)))
    made = plan(sign(on), MANAGER, on)
    assert after(made, on).reviews[0].state == "signed"
    [told] = [one for one in made.effects if isinstance(one, Notify)]
    assert (told.to, told.topic, told.offers) == (
        "person:E01",
        "review_signed",
        (UpdateAmount("D001", discount=Decimal(12)),),
    )
    assert {one.key for one in made.effects if isinstance(one, Unschedule)} == {
        f"review_due:{on.reviews[0].id}",
        f"chase:{on.reviews[0].id}",
    }


@pytest.mark.parametrize(
    ("speaker", "problem"),
    [(REP, "own_review"), (OTHER_REP, "not_a_signer"), (MANAGER, "not_a_signer"), (CONSULTANT, "not_a_signer")],
    ids=lambda one: str(getattr(one, "person_id", one)),
)
def test_nobody_signs_for_legal_and_nobody_their_own(speaker: Speaker, problem: str) -> None:
    on = handed_in()
    assert plan(sign(on), speaker, on).problem == problem
    assert plan(ReturnReview(on.reviews[0].id, "改"), speaker, on).problem == problem


def test_where_the_policy_says_so_a_manager_may_sign_what_they_handed_in() -> None:
    own_rules = Reviews.read(TWO_OF_LEGAL, "reviews.yaml")
    on = desk(rules=own_rules)
    handed = SubmitApproval("D001", "x", "special_price").plan(facts(on), MANAGER, "P-1", NOW)
    on = created(handed, on)
    assert after(plan(sign(on), DIRECTOR, on), on).reviews[0].state == "signed"
    assert Signing(on, on.reviews[0]).rules_for(MANAGER) == ("special_price.0",)


def test_a_signature_counts_only_for_what_it_was_given_on() -> None:
    on = handed_in()
    changed = replace(on, deal=replace(DEAL, amount=Decimal(450000)))
    refused = plan(sign(on), LEGAL, changed)
    assert refused.problem == "review_changed"
    assert refused.data["changes_since"] == [{"field": "amount", "old": "480000", "new": "450000"}]
    [again] = refused.offers
    made = plan(again, LEGAL, changed)
    signed = after(made, changed)
    assert (signed.reviews[0].state, signed.reviews[0].round) == ("signed", 2)
    assert signed_by(signed) == "legal"
    assert signed_by(replace(signed, deal=replace(DEAL, discount=Decimal(9)))) == ""


def test_with_a_newer_version_of_the_paper_nothing_is_signed() -> None:
    paper = Paper("Q1", "quote", "报价单", "d", "{}", "{}", customer_id="C001", deal_id="D001")
    on = handed_in(SubmitApproval("D001", "x", "clause", paper_id="Q1"), papers=(paper,))
    replaced = replace(on, papers=(replace(paper, state="replaced"),))
    assert plan(sign(on), LEGAL, replaced).problem == "review_paper_gone"


def test_two_of_an_office_sign_after_each_other_and_the_same_person_counts_once() -> None:
    rules = Reviews.read(TWO_OF_LEGAL, "reviews.yaml")
    there = Material("N1", "V-old", "licence", "C001", state="arrived")
    on = desk(rules=rules, people=(*EVERYBODY, SECOND_LEGAL), materials=(there,))
    on = created(plan(SubmitApproval("D001", "x"), on=on), on)
    first = plan(sign(on), LEGAL, on)
    on = after(first, on)
    assert (on.reviews[0].state, first.data["is_partly"]) == ("open", True)
    assert plan(sign(on), LEGAL, on).problem == "signed_already"
    second = Speaker("E41", "legal", "样例法务二")
    assert after(plan(sign(on), second, on), on).reviews[0].state == "signed"


def test_a_change_between_two_signatures_takes_the_first_back() -> None:
    rules = Reviews.read(TWO_OF_LEGAL, "reviews.yaml")
    on = desk(rules=rules)
    on = created(plan(SubmitApproval("D001", "x", "clause"), on=on), on)
    on = after(plan(sign(on), LEGAL, on), on)
    changed = replace(on, deal=replace(DEAL, amount=Decimal(450000)))
    on = after(
        plan(SignReview(on.reviews[0].id, Signing(changed, changed.reviews[0]).content[1]), MANAGER, changed), changed
    )
    assert (on.reviews[0].state, [one["person"] for one in json.loads(on.reviews[0].signed)]) == ("open", ["E11"])


def test_while_documents_are_missing_that_a_kind_waits_for_it_is_not_signed() -> None:
    on = desk(rules=Reviews.read(TWO_OF_LEGAL, "reviews.yaml"), people=(*EVERYBODY, SECOND_LEGAL))
    on = created(plan(SubmitApproval("D001", "x"), on=on), on)
    assert plan(sign(on), LEGAL, on).problem == "materials_missing"
    ticked = plan(TickMaterials(on.reviews[0].id, on.materials[0].id), LEGAL, on)
    assert plan(sign(on), LEGAL, after(ticked, on)).problem is None


# --- returned, withdrawn, overdue, left ----------------------------------------------------------------------------------


def test_what_comes_back_says_why_and_can_be_handed_in_again() -> None:
    on = handed_in(SubmitApproval("D001", "请审", "clause", (Clause("质保", "3 年", "report", "1 年"),)))
    made = plan(ReturnReview(on.reviews[0].id, "封顶要写明"), LEGAL, on)
    [told] = [one for one in made.effects if isinstance(one, Notify)]
    assert (told.to, told.data["comments"]) == ("person:E01", "封顶要写明")
    again = told.offers[0]
    assert isinstance(again, SubmitApproval)
    back = after(made, on)
    second = plan(again, REP, back)
    assert {one.field: one.new for one in second.effects if isinstance(one, Update) and one.kind == "review"}["round"] == 2


def test_a_return_needs_its_sentence() -> None:
    on = handed_in()
    assert plan(ReturnReview(on.reviews[0].id, "  "), LEGAL, on).problem == "no_comments"


@pytest.mark.parametrize("state", ["withdrawn", "returned", "signed"])
def test_what_is_not_open_cannot_be_signed_returned_or_told_as_overdue(state: Any) -> None:
    on = handed_in()
    on = replace(on, reviews=(replace(on.reviews[0], state=state),))
    assert plan(sign(on), LEGAL, on).problem == "review_not_open"
    assert plan(ReturnReview(on.reviews[0].id, "改"), LEGAL, on).problem == "review_not_open"
    assert plan(TellOverdue(on.reviews[0].id, 1), REP, on).problem == "unchanged"


def test_in_place_of_a_signer_who_left_their_deputy_or_the_directors_are_asked() -> None:
    rules = Reviews.read(TWO_OF_LEGAL.replace("people: [E11]", "people: [E41]"), "reviews.yaml")
    gone = replace(SECOND_LEGAL, has_left=True, deputy_id="E40")
    on = handed_in(SubmitApproval("D001", "x", "clause"), rules=rules, people=(*EVERYBODY, gone))
    assert after(plan(sign(on), LEGAL, on), on).reviews[0].state == "signed"
    without_legal = tuple(replace(one, has_left=one.role == "legal") for one in EVERYBODY)
    left = handed_in()
    left = replace(left, people=without_legal)
    assert after(plan(sign(left), DIRECTOR, left), left).reviews[0].state == "signed"


def test_when_whoever_asked_has_left_the_owner_hears() -> None:
    people = tuple(replace(one, has_left=True) if one.id == "E01" else one for one in EVERYBODY)
    on = handed_in()
    on = replace(on, people=people, customer=replace(CUSTOMER, owner_id="E02"))
    assert notices(plan(sign(on), LEGAL, on)) == {"person:E02": "review_signed"}


def test_overdue_is_told_once_a_round_to_signers_asker_and_manager_and_widens_who_may_sign() -> None:
    on = handed_in()
    made = plan(TellOverdue(on.reviews[0].id, 1), REP, on)
    assert notices(made) == {
        "group:@legal": "review_overdue",
        "group:@managers": "review_overdue",
        "person:E01": "review_late",
        "person:E11": "review_late",
    }
    later = after(made, on)
    assert plan(TellOverdue(later.reviews[0].id, 1), REP, later).problem == "unchanged"
    assert after(plan(sign(later), DIRECTOR, later), later).reviews[0].state == "signed"


# --- documents -----------------------------------------------------------------------------------------------------------


def asked_customer() -> Desk:
    on = handed_in(SubmitApproval("D001", "合同"))
    return after(plan(AskCustomer(on.reviews[0].id), REP, on), on)


def test_asking_the_customer_is_outward_and_winds_up_the_first_reminder() -> None:
    on = handed_in(SubmitApproval("D001", "合同"))
    made = plan(AskCustomer(on.reviews[0].id), REP, on)
    assert (made.measures, made.inverse) == ({"outward": True, "contacts": True}, None)
    [timer] = [one for one in made.effects if isinstance(one, Schedule)]
    assert (timer.kind, timer.data["number"], timer.due_at) == ("chase", 1, datetime(2026, 3, 4, 2, 0, tzinfo=UTC))
    assert notices(made) == {"person:K001": "materials_asked"}


def test_whom_no_channel_reaches_is_not_said_to_be_asked() -> None:
    on = handed_in(SubmitApproval("D001", "合同"))
    made = plan(AskCustomer(on.reviews[0].id), REP, replace(on, is_reachable=False))
    assert (made.problem, made.data["reach"], made.effects) == ("contact_unreachable", "+8610000000001", ())


def test_each_reminder_is_sent_once_and_none_after_all_has_come() -> None:
    on = asked_customer()
    morning = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
    first = plan(ChaseMaterials(on.reviews[0].id, 1), REP, on, morning)
    assert notices(first) == {"person:K001": "materials_chased"}
    chased = after(first, on)
    assert plan(ChaseMaterials(on.reviews[0].id, 1), REP, chased, morning).problem == "nothing_missing"
    there = replace(chased, materials=tuple(replace(one, state="arrived") for one in chased.materials))
    assert plan(ChaseMaterials(on.reviews[0].id, 2), REP, there, morning).problem == "nothing_missing"


def test_at_night_and_on_a_sunday_a_reminder_waits_for_the_morning() -> None:
    on = asked_customer()
    for moment in (datetime(2026, 3, 4, 15, 0, tzinfo=UTC), datetime(2026, 3, 8, 2, 0, tzinfo=UTC)):
        made = plan(ChaseMaterials(on.reviews[0].id, 1), REP, on, moment)
        [timer] = made.effects
        assert isinstance(timer, Schedule)
        assert is_good_time(on.hours, timer.due_at, PEOPLE[0], "CN")
        assert timer.due_at > moment


def test_the_last_reminder_tells_the_rep_that_a_call_may_help() -> None:
    on = asked_customer()
    made = plan(ChaseMaterials(on.reviews[0].id, 3), REP, on, datetime(2026, 3, 12, 2, 0, tzinfo=UTC))
    assert notices(made) == {"person:K001": "materials_chased", "person:E01": "chased_enough"}
    assert [one for one in made.effects if isinstance(one, Schedule)] == []


def test_the_last_document_stops_the_chasing_and_tells_whoever_signs() -> None:
    on = asked_customer()
    first, second = on.materials
    on = after(plan(TickMaterials(on.reviews[0].id, first.id), REP, on), on)
    made = plan(TickMaterials(on.reviews[0].id, second.id), REP, on)
    assert [one.key for one in made.effects if isinstance(one, Unschedule)] == [f"chase:{on.reviews[0].id}"]
    assert notices(made) == {"group:@legal": "materials_complete"}
    assert plan(TickMaterials(on.reviews[0].id, first.id), REP, on).problem == "ticked_already"


def test_legal_asks_for_more_and_nobody_else() -> None:
    on = handed_in()
    made = plan(AskMaterials(on.reviews[0].id, ("近一年财报", "近一年财报", " ")), LEGAL, on)
    assert (notices(made), len([one for one in made.effects if hasattr(one, "values")])) == (
        {"person:E01": "materials_wanted"},
        1,
    )
    assert plan(AskMaterials(on.reviews[0].id, ("x",)), OTHER_REP, on).problem == "not_a_signer"
    assert plan(AskMaterials(on.reviews[0].id, (" ",)), LEGAL, on).problem == "no_materials_named"


def test_working_days_skip_the_weekend() -> None:
    friday = datetime(2026, 3, 6, 6, 0, tzinfo=UTC)
    assert work_days_later(desk().hours, friday, 1, PEOPLE[0], "CN", 10) == datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


# --- in the store: doubled, at once, withdrawn ---------------------------------------------------------------------------


async def one_review(world: FakeWorld) -> Review:
    await world.ask(SubmitApproval("D001", "请审", "clause"), REP)
    async with world.store.read() as tx:
        [review] = await own.find(tx, "review")
    assert isinstance(review, Review)
    return review


async def test_a_button_pressed_twice_signs_once(world: FakeWorld) -> None:
    review = await one_review(world)
    command = SignReview(review.id, review.digest)
    kinds = [(await world.ask(command, LEGAL, "press:1")).kind for _ in range(2)]
    assert kinds[0] == "done"
    assert (await world.record("review", review.id)).state == "signed"
    assert len([one for _, one in world.told if one.topic == "review_signed"]) == 1


async def test_of_two_answers_at_once_one_counts(world: FakeWorld) -> None:
    review = await one_review(world)
    answers: Sequence[tuple[Command, Speaker, str]] = (
        (SignReview(review.id, review.digest), LEGAL, "press:a"),
        (ReturnReview(review.id, "改"), LEGAL, "press:b"),
        (WithdrawReview(review.id), REP, "press:c"),
    )
    outcomes = await asyncio.gather(*(world.ask(*one) for one in answers))
    assert sorted(one.kind for one in outcomes).count("done") == 1
    told = [one.topic for _, one in world.told]
    assert len([one for one in told if one in ("review_signed", "review_returned", "review_withdrawn")]) == 1


async def test_a_withdrawn_review_cannot_be_signed(world: FakeWorld) -> None:
    review = await one_review(world)
    assert (await world.ask(WithdrawReview(review.id), REP, "press:w")).kind == "done"
    signed = await world.ask(SignReview(review.id, review.digest), LEGAL, "press:s")
    assert (signed.kind, signed.proposal.plan.problem) == ("impossible", "review_not_open")
    assert (await world.record("review", review.id)).state == "withdrawn"


async def test_a_document_ticked_by_mistake_is_unticked(world: FakeWorld) -> None:
    await world.ask(SubmitApproval("D001", "合同"), REP, "web:1")
    async with world.store.read() as tx:
        first = (await own.find(tx, "material"))[0]
    assert isinstance(first, Material)
    done = await world.ask(TickMaterials(first.review_id, first.id), REP, "press:t")
    assert (await world.record("material", first.id)).state == "arrived"
    assert done.deed is not None
    assert (await undo(world, done.deed, REP, CHAT, POLICY)).kind == "done"
    assert (await world.record("material", first.id)).state == "missing"


async def test_another_reps_review_is_out_of_reach(world: FakeWorld) -> None:
    review = await one_review(world)
    for command in (WithdrawReview(review.id), AskCustomer(review.id), SignReview(review.id, review.digest)):
        assert (await world.ask(command, OTHER_REP, f"press:{command.name}")).kind == "refused"


# --- the policy ----------------------------------------------------------------------------------------------------------


def test_the_shipped_reviews_are_part_of_the_policy_and_its_version() -> None:
    assert Policy.load().reviews == shipped_reviews()


def test_signers_who_are_not_here_are_named_before_anybody_waits_for_them() -> None:
    policy = replace(Policy.load(), rules=(), reviews=Reviews.read(TWO_OF_LEGAL, "reviews.yaml"))
    without = {one.id: one for one in EVERYBODY if one.id != "E11"}
    assert set(policy_gaps(policy, Staff(without))) == {
        ("review contract", "legal"),
        ("review clause", "E11"),
    }


@pytest.mark.parametrize(
    ("before", "wrong", "says"),
    [
        ("needed: 2", "needed: 0", "needed: is a whole number from 1 to 9"),
        ("roles: [legal], needed: 2", "roles: [lawyer]", "there is no office called lawyer"),
        ("materials: [licence]", "materials: [passport]", "there is no document called passport"),
        ("overdue_days: 1", "overdue_days: never", "is a whole number of working days"),
        ("chase_days: [2, 5]", "chase_days: [5, 2]", "each day is later than the one before"),
        ("own: true", "own: maybe", "own: is true or false"),
        ("people: [E11]", "people: [E11], needed: 2", "2 must sign, but only 1 may"),
        ("tell: [manager]", "tell: [boss]", "there is no office called boss"),
        ("  clause:", "  clauses:", "there is no such key as clauses"),
        ("en: business licence,", "", "needs its name in en"),
        ("kinds:", "kinds: [", "not valid YAML"),
    ],
    ids=lambda one: str(one)[:30],
)
def test_a_mistake_in_the_file_is_told_with_its_place(before: str, wrong: str, says: str) -> None:
    assert before in TWO_OF_LEGAL
    with pytest.raises(ValueError, match=says):
        Reviews.read(TWO_OF_LEGAL.replace(before, wrong, 1), "reviews.yaml")


def test_a_customer_is_named_in_both_languages_on_what_is_shown() -> None:
    on = desk(customer=Customer("C001", "华康医疗", "Huakang", owner_id="E01"))
    made = SubmitApproval("D001", "x").plan(facts(on), REP, "P-1", NOW)
    assert made.data["customer"] == {"zh": "华康医疗", "en": "Huakang"}


# --- a special price once signed -----------------------------------------------------------------------------------------


def special_price(discount: str = "18%") -> Desk:
    """A special price that the manager has signed."""
    on = handed_in(SubmitApproval("D001", "特价", "special_price", (Clause("折扣", discount, "report", "0%"),)))
    return after(plan(sign(on), MANAGER, on), on)


def agreed(command: UpdateAmount, on: Desk) -> object:
    return plan(command, on=on).measures.get("discount_agreed", 0.0)


def test_a_signed_special_price_is_known_where_its_discount_is_given() -> None:
    assert agreed(UpdateAmount("D001", discount=Decimal(18)), special_price()) == 18.0


def test_a_special_price_that_nobody_has_signed_allows_nothing() -> None:
    on = handed_in(SubmitApproval("D001", "特价", "special_price", (Clause("折扣", "18%", "report", "0%"),)))
    assert agreed(UpdateAmount("D001", discount=Decimal(18)), on) == 0.0


def test_a_special_price_is_for_the_amount_that_was_signed() -> None:
    on = special_price()
    assert on.deal is not None
    dearer = replace(on, deal=replace(on.deal, amount=on.deal.amount * 2))
    assert agreed(UpdateAmount("D001", discount=Decimal(18)), dearer) == 0.0


def test_the_discount_that_was_agreed_may_be_given_again_and_no_other_change_counts() -> None:
    on = special_price()
    assert on.deal is not None
    given = replace(on, deal=replace(on.deal, discount=Decimal(18)))
    less = replace(on, deal=replace(on.deal, discount=Decimal(12)))
    assert agreed(UpdateAmount("D001", discount=Decimal(19)), given) == 18.0
    assert agreed(UpdateAmount("D001", discount=Decimal(18)), less) == 0.0
