"""Explaining a decision that was made over the API: in words, every rule, and who has answered."""

from actions.outside.store import Store
from bot.explain import explain_decision
from tests.api.served import MANAGER, Served
from tests.api.test_proposals import proposed

OTHER_REP, CUSTOMER = "E02", "K005"


async def test_a_decision_is_explained_by_its_id_before_and_after_it_is_answered(served: Served) -> None:
    proposal = await proposed(served)
    lines, (whole,) = await explain_decision(Store(served.house.store.url), proposal["id"], "en", "Asia/Shanghai")
    text = "\n".join(lines)
    assert "asks a person first" in text and "Because: A contract above 500,000 CNY" in text
    assert "applied contract_value → confirm" in text and "not applied discount" in text
    assert "Who may confirm: a manager or a director, until" in text
    assert "deal:D001 amount = " in text
    assert whole["version"] == 1
    await served.http.post(
        f"/api/proposals/{proposal['id']}/decision",
        json={"person": MANAGER, "yes": True, "digest": proposal["digest"]},
    )
    after, _ = await explain_decision(Store(served.house.store.url), proposal["id"], "zh", "Asia/Shanghai")
    text = "\n".join(after)
    assert "结果：已办" in text and "已确认" in text and "谁能确认" not in text


async def test_why_by_id_is_for_those_whom_it_concerns(served: Served) -> None:
    proposal = await proposed(served)
    (asker,) = await served.say(f"为什么 {proposal['id']}", conversation="elsewhere")
    assert asker["text"].startswith("规则：合同金额超过 50 万") and len(asker["text"].splitlines()) <= 8
    (may,) = await served.say(f"{proposal['id']} 为什么？", sender=MANAGER, conversation="managers-own")
    assert "谁能确认" in may["text"]
    for stranger in (OTHER_REP, CUSTOMER):
        (not_theirs,) = await served.say(f"为什么 {proposal['id']}", sender=stranger, conversation=f"of-{stranger}")
        assert "没有这个编号的决定" in not_theirs["text"] or "no decision of this number" in not_theirs["text"]


async def test_why_of_what_was_done_at_once_and_of_what_was_refused_by_id(served: Served) -> None:
    await served.say("把华康的阶段推进到谈判")
    (done,) = await served.say("为什么")
    assert "没有一条要先问人" in done["text"]
    found = done["text"].splitlines()[-1].rpartition(" ")[2]
    (again,) = await served.say(f"为什么 {found}", conversation="later")
    assert again["text"] == done["text"]
    await served.say("给华康打65折")
    (refused,) = await served.say("为什么")
    assert refused["text"].startswith("规则：折扣超过 30%，一律不批（折扣 35%）")


async def test_who_said_yes_is_told_by_the_button_of_the_card_that_still_stands(served: Served) -> None:
    (card,) = await served.say("把华康医疗那单金额改成60万")
    why = next(button for button in card["buttons"] if button["label"] == "为什么")
    (proposal,) = await served.pending()
    (before,) = await served.press(why["id"])
    assert "谁能确认：经理或总监" in before["text"]
    await served.decide(proposal, MANAGER)
    told = await served.press(why["id"])
    assert "已确认" in told[-1]["text"] and "谁能确认" not in told[-1]["text"]
