"""`/api/people` and `/api/proposals`: who is who, and saying yes or no over HTTP with the same consequences as a press."""

from asyncio import gather
from datetime import timedelta

import pytest

from actions.crm import own, people
from actions.outside.store import Store
from bot.app import now
from bot.channels.web import WebChannel
from bot.message import Address, Message
from tests.api.served import MANAGER, OTHER_MANAGER, REP, Json, Served


async def amount(store: Store) -> str:
    async with store.read() as tx:
        deal = await own.get(tx, "deal", "D001")
    assert deal is not None
    return str(own.to_json(deal)["amount"])


async def proposed(served: Served) -> Json:
    """A change above the threshold, asked for by the rep."""
    await served.say("把华康医疗那单金额改成60万")
    (proposal,) = await served.pending()
    return proposal


# --- people ------------------------------------------------------------------------------------------------------------


async def test_people_are_listed_with_their_identities(served: Served) -> None:
    async with served.house.store.write() as tx:
        await people.bind(tx, REP, "slack", "U0REP")
    everyone = {one["id"]: one for one in (await served.http.get("/api/people")).json()}
    assert everyone[REP]["role"] == "rep"
    assert {"channel": "slack", "user": "U0REP"} in everyone[REP]["identities"]
    assert everyone["K001"]["customer_id"] == "C001"
    assert everyone[MANAGER]["customer_id"] is None


# --- reading -----------------------------------------------------------------------------------------------------------


async def test_nothing_waits_in_a_new_home(served: Served) -> None:
    assert await served.pending() == []


async def test_what_waits_is_listed_with_its_whole_basis(served: Served) -> None:
    proposal = await proposed(served)
    assert proposal["state"] == "pending"
    assert proposal["requester_id"] == REP
    (effect,) = proposal["proposal"]["plan"]["effects"]
    assert (effect["old"], effect["new"]) == ("480000", "600000")
    assert proposal["proposal"]["basis"]["text"] == "把华康医疗那单金额改成60万"
    assert proposal["decision"]["reasons"][0]["rule"] == "contract_value"


async def test_one_proposal_can_be_read_by_its_id(served: Served) -> None:
    proposal = await proposed(served)
    one = (await served.http.get(f"/api/proposals/{proposal['id']}")).json()
    basis = one.pop("basis")
    assert one == proposal
    assert (basis["id"], basis["verdict"], basis["approvers"]["answers"]) == (proposal["id"], "confirm", [])


async def test_proposals_are_listed_by_their_state(served: Served) -> None:
    proposal = await proposed(served)
    await served.decide(proposal, MANAGER)
    assert await served.pending() == []
    (done,) = (await served.http.get("/api/proposals", params={"state": "done"})).json()
    assert (done["id"], done["decided_by"]) == (proposal["id"], MANAGER)


async def test_a_state_that_does_not_exist_is_a_problem(served: Served) -> None:
    answer = await served.http.get("/api/proposals", params={"state": "lost"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "query.state"


# --- deciding ----------------------------------------------------------------------------------------------------------


async def test_a_managers_yes_carries_it_out(served: Served) -> None:
    answer = await served.decide(await proposed(served), MANAGER)
    proposal = answer.json()
    assert (proposal["outcome"], proposal["state"]) == ("done", "done")
    assert await amount(served.house.store) == "600000"


async def test_a_managers_no_leaves_everything_as_it_was(served: Served) -> None:
    answer = await served.decide(await proposed(served), MANAGER, yes=False)
    assert (answer.json()["outcome"], answer.json()["state"]) == ("rejected", "rejected")
    assert await amount(served.house.store) == "480000"


@pytest.mark.parametrize("person", [REP, OTHER_MANAGER, "E02", "K001"])
async def test_whoever_may_not_confirm_is_refused_and_it_goes_on_waiting(served: Served, person: str) -> None:
    proposal = await proposed(served)
    answer = await served.decide(proposal, person)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert await served.pending() == [proposal]
    assert await amount(served.house.store) == "480000"


async def test_a_yes_to_something_else_than_what_waits_is_not_carried_out(served: Served) -> None:
    proposal = await proposed(served)
    answer = await served.decide(proposal, MANAGER, digest="0" * 64)
    assert answer.status_code == 409
    assert (answer.json()["id"], answer.json()["digest"]) == (proposal["id"], proposal["digest"])
    assert await amount(served.house.store) == "480000"


async def test_the_first_answer_wins_and_the_second_is_told(served: Served) -> None:
    proposal = await proposed(served)
    await served.decide(proposal, MANAGER, yes=False)
    late = await served.decide(proposal, "E20", yes=True)
    assert late.status_code == 409
    assert late.headers["Content-Type"] == "application/problem+json"
    assert (late.json()["outcome"], late.json()["state"], late.json()["decided_by"]) == ("already", "rejected", MANAGER)
    assert await amount(served.house.store) == "480000"


async def test_of_many_answers_at_once_exactly_one_counts(served: Served) -> None:
    proposal = await proposed(served)
    answers = await gather(*(served.decide(proposal, MANAGER, yes=number % 2 == 0) for number in range(8)))
    outcomes = [answer.json()["outcome"] for answer in answers]
    assert sum(outcome in ("done", "rejected") for outcome in outcomes) == 1
    assert outcomes.count("already") == 7


async def test_a_record_that_changed_meanwhile_is_asked_about_afresh(served: Served) -> None:
    proposal = await proposed(served)
    async with served.house.store.write() as tx:
        assert await own.update(tx, "deal", "D001", {"amount": ("480000", "470000")})
    answer = await served.decide(proposal, MANAGER)
    assert answer.status_code == 409
    assert (answer.json()["outcome"], answer.json()["state"]) == ("stale", "stale")
    (again,) = await served.pending()
    assert answer.json()["id"] == again["id"] != proposal["id"]
    assert again["proposal"]["plan"]["effects"][0]["old"] == "470000"


async def test_a_yes_over_http_releases_no_breaker(served: Served) -> None:
    await served.say("华康医疗预算被冻结了")
    proposal = await proposed(served)
    answer = await served.decide(proposal, MANAGER)
    assert (answer.status_code, answer.json()["state"]) == (422, "pending")
    assert answer.json()["detail"].startswith("A breaker stopped this: it goes on only with a reason")
    assert answer.json()["firing"].startswith("F-")
    assert await amount(served.house.store) == "480000"


async def test_nobody_decides_in_the_name_of_somebody_unknown(served: Served) -> None:
    answer = await served.decide(await proposed(served), "E99")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "There is no such person."


async def test_what_was_never_proposed_is_not_found(served: Served) -> None:
    nothing = {"id": "P-0000000000000000", "digest": "0" * 64}
    assert (await served.http.get(f"/api/proposals/{nothing['id']}")).status_code == 404
    assert (await served.decide(nothing, MANAGER)).status_code == 404


async def test_who_may_answer_and_who_has_is_told(served: Served) -> None:
    await served.say("把所有客户名单导出发给新加坡团队", sender=MANAGER)
    (proposal,) = await served.pending()
    assert [(need["rules"], need["who_may"], need["met"]) for need in proposal["needs"]] == [
        (["cross_border", "border_filing"], ["E20", "E40"], 0),  # some of them have a bank account on file
        (["many_records"], ["E20"], 0),
    ]
    assert (proposal["can_be_undone"], proposal["editable"]) == (False, [])
    partial = await served.decide(proposal, "E40")
    assert (partial.status_code, partial.json()["outcome"], partial.json()["state"]) == (200, "partial", "pending")
    (proposal,) = await served.pending()
    assert [(yes["person"], yes["rules"]) for yes in proposal["yeses"]] == [("E40", ["cross_border", "border_filing"])]
    assert [need["met"] for need in proposal["needs"]] == [1, 0]
    assert (await served.decide(proposal, "E20")).json()["outcome"] == "done"


async def test_what_is_mine_to_decide_and_what_i_asked_for(served: Served) -> None:
    proposal = await proposed(served)

    async def listed(**wanted: str) -> list[str]:
        answer = await served.http.get("/api/proposals", params=wanted)
        return [one["id"] for one in answer.json()]

    assert await listed(to_decide_by=MANAGER) == [proposal["id"]]
    assert await listed(to_decide_by=OTHER_MANAGER) == []
    assert await listed(requested_by=REP) == [proposal["id"]]
    assert await listed(requested_by=MANAGER) == []
    assert (await served.http.get("/api/proposals", params={"to_decide_by": "E99"})).status_code == 422


async def test_what_it_changes_is_told_before_and_after(served: Served) -> None:
    proposal = await proposed(served)
    assert proposal["changes"] == [{"record": "deal:D001", "field": "amount", "before": "480000", "after": "600000"}]
    assert proposal["editable"] == ["discount", "amount", "currency"]


async def changed(served: Served, proposal: Json, *, yes: bool | None = None, **changes: str) -> tuple[int, Json]:
    body = {"person": MANAGER, "digest": proposal["digest"], "changes": changes} | ({} if yes is None else {"yes": yes})
    answer = await served.http.post(f"/api/proposals/{proposal['id']}/decision", json=body)
    return answer.status_code, answer.json()


async def test_it_can_be_changed_before_it_is_approved(served: Served) -> None:
    proposal = await proposed(served)
    status, answer = await changed(served, proposal, amount="550000")
    assert (status, answer["outcome"], answer["state"]) == (200, "waiting", "pending")
    (instead,) = await served.pending()
    assert (instead["id"], instead["edited"]["by"], instead["edited"]["instead_of"]) == (
        answer["id"],
        MANAGER,
        proposal["id"],
    )
    late = await served.decide(proposal, "E20")
    assert (late.status_code, late.json()["state"], late.json()["id"]) == (409, "superseded", instead["id"])
    assert (await served.decide(instead, MANAGER)).json()["outcome"] == "done"
    assert await amount(served.house.store) == "550000"


async def test_a_change_and_a_yes_in_one(served: Served) -> None:
    status, answer = await changed(served, await proposed(served), yes=True, amount="550000")
    assert (status, answer["outcome"]) == (200, "done")
    assert await amount(served.house.store) == "550000"


@pytest.mark.parametrize("changes", [{"amount": "many"}, {"deal_id": "D002"}, {"discount": "40"}, {"amount": "600000"}])
async def test_a_change_that_cannot_be_is_a_problem_and_it_goes_on_waiting(served: Served, changes: Json) -> None:
    proposal = await proposed(served)
    status, answer = await changed(served, proposal, yes=True, **changes)
    assert (status, answer["state"], answer["status"]) == (422, "pending", 422)
    assert await served.pending() == [proposal]


@pytest.mark.parametrize("body", [{}, {"yes": False, "changes": {"amount": "1"}}, {"changes": {}}])
async def test_an_answer_that_is_none_is_a_problem(served: Served, body: Json) -> None:
    proposal = await proposed(served)
    asked = {"person": MANAGER, "digest": proposal["digest"], **body}
    assert (await served.http.post(f"/api/proposals/{proposal['id']}/decision", json=asked)).status_code == 422


# --- what others see of it -----------------------------------------------------------------------------------------------


async def test_cards_on_other_channels_change_when_it_is_decided_over_http(served: Served) -> None:
    said = Message("web:1", Address("web", REP), REP, "把华康医疗那单金额改成60万", now())
    await served.house.accept(said)
    assert await served.house.inbox.wait_done(said.key, timedelta(seconds=30))
    await served.house.outbox.rest()
    (proposal,) = await served.pending()
    web = served.house.channels["web"]
    assert isinstance(web, WebChannel)
    asked = await web.history(["managers"])
    await served.decide(proposal, MANAGER)
    await served.house.outbox.rest()
    settled = await web.history(["managers"])
    assert [line.key for line in settled] == [line.key for line in asked]
    assert asked[-1].reply is not None and asked[-1].reply.card is not None and asked[-1].reply.card.buttons
    assert settled[-1].reply is not None and settled[-1].reply.card is not None
    assert not [one for one in settled[-1].reply.card.buttons if one.style == "primary"]
    told = await web.history([REP])
    assert told[-1].reply is not None and "60万" in told[-1].reply.text


async def test_one_proposal_comes_with_all_that_its_decision_rests_on(served: Served) -> None:
    proposal = await proposed(served)
    basis = (await served.http.get(f"/api/proposals/{proposal['id']}")).json()["basis"]
    assert basis["version"] == 1
    assert basis["utterance"]["text"] == "把华康医疗那单金额改成60万"
    assert basis["reading"]["intent"] == "crm.update_amount"
    assert {one["rule"]: one["outcome"] for one in basis["rules"]}["contract_value"] == "applied"
    assert {one["rule"]: one["outcome"] for one in basis["rules"]}["discount"] == "not_applied"
    assert next(one for one in basis["facts"] if one["field"] == "amount")["record"] == "deal:D001"
    assert basis["versions"]["dictionary"] and basis["versions"]["model"] and basis["versions"]["policy"]
    assert basis["approvers"]["answers"] == []
    await served.http.post(
        f"/api/proposals/{proposal['id']}/decision",
        json={"person": MANAGER, "yes": True, "digest": proposal["digest"]},
    )
    basis = (await served.http.get(f"/api/proposals/{proposal['id']}")).json()["basis"]
    assert [one["person"] for one in basis["approvers"]["answers"]] == [MANAGER]
    assert basis["ended"] == "done"
