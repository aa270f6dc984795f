"""Explaining a decision that was made over the API: in words, every rule, and who has answered."""

from actions.outside.store import Store
from bot.explain import explain_decision
from tests.api.served import MANAGER, Served
from tests.api.test_proposals import proposed


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
