"""The book of rules: a changed file counts, a broken one does not, every version can be read again, packs are switched."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from actions import audit
from actions.outside.store import Store
from actions.outside.tables import AuditRow, PolicyVersionRow
from actions.policy.files import SHIPPED_POLICY
from actions.rulebook import Rulebook, packs_on, policy_of, switch
from tests.actions.house import NOW

RULE = "rules:\n  - {id: one, when: 'discount > 10.0', verdict: refuse}\n"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "own" / "policy.yaml"
    path.parent.mkdir()
    path.write_text(RULE, encoding="utf-8")
    return path


async def book(store: Store, path: Path) -> Rulebook:
    return await Rulebook.open(store, path, lambda: NOW)


async def record(store: Store) -> list[tuple[str | None, dict[str, object]]]:
    async with store.read() as tx:
        rows = await tx.execute(
            select(AuditRow.subject, AuditRow.body).where(AuditRow.kind == "policy").order_by(AuditRow.seq)
        )
        return [(row.subject, row.body) for row in rows]


async def test_a_changed_file_counts_after_the_next_look(store: Store, policy: Path) -> None:
    rulebook = await book(store, policy)
    before = rulebook().version
    policy.write_text(RULE.replace("10.0", "5.0"), encoding="utf-8")
    await rulebook.look()
    assert rulebook().version != before
    assert [one.reason.rule for one in rulebook().judge({"discount": 7.0})] == ["one"]


async def test_it_looks_by_itself(store: Store, policy: Path) -> None:
    rulebook = await book(store, policy)
    before = rulebook().version
    rulebook.start()
    policy.write_text(RULE.replace("10.0", "5.0"), encoding="utf-8")
    async with asyncio.timeout(30):
        while rulebook().version == before:
            await asyncio.sleep(0.05)
    await rulebook.stop()


async def test_a_broken_file_leaves_the_last_good_one_in_force_and_says_so(store: Store, policy: Path) -> None:
    rulebook = await book(store, policy)
    before = rulebook().version
    policy.write_text(RULE.replace("discount", "discuont"), encoding="utf-8")
    await rulebook.look()
    assert rulebook().version == before
    assert rulebook.problem is not None and "discuont" in rulebook.problem
    policy.unlink()
    await rulebook.look()
    assert rulebook().version == before
    policy.write_text(RULE, encoding="utf-8")
    await rulebook.look()
    assert rulebook.problem is None


async def test_every_version_that_was_in_force_can_be_read_again(store: Store, policy: Path) -> None:
    rulebook = await book(store, policy)
    first = rulebook().version
    policy.write_text(RULE.replace("10.0", "5.0"), encoding="utf-8")
    await rulebook.look()
    async with store.read() as tx:
        old, new = await policy_of(tx, first), await policy_of(tx, rulebook().version)
        assert await policy_of(tx, "000000000000") is None
    assert old is not None and new is not None
    assert (old.version, new.version) == (first, rulebook().version)
    assert old.judge({"discount": 7.0}) == ()
    assert [one.reason.rule for one in new.judge({"discount": 7.0})] == ["one"]


async def test_the_record_says_once_which_version_came_into_force(store: Store, policy: Path) -> None:
    books = await asyncio.gather(*(book(store, policy) for _ in range(4)))
    policy.write_text(RULE.replace("10.0", "5.0"), encoding="utf-8")
    await asyncio.gather(*(one.look() for one in books))
    said = await record(store)
    assert [subject for subject, _ in said] == [f"policy:{said[1][1]['before']}", f"policy:{books[0]().version}"]
    async with store.read() as tx:
        assert len((await tx.execute(select(PolicyVersionRow.version))).all()) == 2
        assert (await audit.verify(tx)).is_sound


# --- packs -----------------------------------------------------------------------------------------------------------------


async def test_a_pack_switched_on_counts_on_every_worker_and_is_in_the_record(store: Store) -> None:
    workers = [await book(store, SHIPPED_POLICY) for _ in range(3)]
    before = workers[0]().version
    switched = await switch(store, SHIPPED_POLICY, "strict-finance", on=True, now=NOW)
    assert "    amount_cny > 500,000 -> 200,000" in switched.changes
    assert "    discount > 30 -> 20" in switched.changes
    assert any(line.startswith("+ rule bank_account (confirm)") for line in switched.changes)
    assert any("合同金额超过 20 万" in line for line in switched.changes)
    for worker in workers:
        await worker.look()
        assert worker().version == switched.after.version != before
    about = dict(await record(store))["pack:strict-finance"]
    assert (about["is_on"], about["before"]) == (True, before)


async def test_a_trial_says_what_would_change_and_changes_nothing(store: Store) -> None:
    switched = await switch(store, SHIPPED_POLICY, "eu-gdpr", on=True, now=NOW, is_trial=True)
    assert any("gdpr_transfer" in line for line in switched.changes)
    async with store.read() as tx:
        assert await packs_on(tx) == ()
    assert await record(store) == []


async def test_off_brings_back_exactly_what_was(store: Store) -> None:
    rulebook = await book(store, SHIPPED_POLICY)
    before = rulebook().version
    await switch(store, SHIPPED_POLICY, "strict-finance", on=True, now=NOW)
    off = await switch(store, SHIPPED_POLICY, "strict-finance", on=False, now=NOW)
    assert off.after.version == before
    assert any("amount_cny > 200,000 -> 500,000" in line for line in off.changes)
    assert any("contract_value (as it was again, MILDER)" in line for line in off.changes)


async def test_two_people_who_switch_at_once_both_get_what_they_asked_for(store: Store) -> None:
    await asyncio.gather(
        *(switch(store, SHIPPED_POLICY, pack, on=True, now=NOW) for pack in ("eu-gdpr", "strict-finance", "china-pipl"))
    )
    async with store.read() as tx:
        assert await packs_on(tx) == ("china-pipl", "eu-gdpr", "strict-finance")
        assert (await audit.verify(tx)).is_sound


def own_pack(policy: Path, name: str, rules: str, **more: str) -> None:
    place = policy.parent / "packs" / name
    place.mkdir(parents=True)
    (place / "pack.yaml").write_text("title: {zh: 样例, en: Sample}\nsays: {zh: 样例, en: Sample}\n", encoding="utf-8")
    (place / "policy.yaml").write_text(rules, encoding="utf-8")
    for file, text in more.items():
        (place / f"{file}.yaml").write_text(text, encoding="utf-8")


async def test_an_override_that_is_milder_says_so(store: Store, policy: Path) -> None:
    own_pack(policy, "mild", "rules:\n  - {id: one, overrides: one, when: 'discount > 40.0', verdict: refuse}\n")
    switched = await switch(store, policy, "mild", on=True, now=NOW)
    assert switched.changes[:2] == ["~ rule one (overridden, MILDER)", "    discount > 10 -> 40"]


async def test_two_packs_cannot_override_the_same_rule(store: Store, policy: Path) -> None:
    for name, bound in (("first", "8.0"), ("second", "6.0")):
        own_pack(policy, name, f"rules:\n  - {{id: one, overrides: one, when: 'discount > {bound}', verdict: refuse}}\n")
    await switch(store, policy, "first", on=True, now=NOW)
    with pytest.raises(ValueError, match="one belongs to the pack first already"):
        await switch(store, policy, "second", on=True, now=NOW)
    async with store.read() as tx:
        assert await packs_on(tx) == ("first",)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"consent": "purposes: [{id: x, title: {zh: a, en: b}, basis: whim}]"}, "basis is one of"),
        ({"retention": "retention: [{kind: dael, keep_days: 3, why: x}]"}, "kind is one of"),
        ({"retention": "retention: [{kind: deal, keep_days: 0, why: x}]"}, "keep_days is a whole number"),
        ({"texts": "rule.none: {zh: a, en: b}"}, "there is no rule none"),
        ({"texts": "rule.one: {zh: a}"}, "rule.one is a sentence in zh and one in en"),
        ({"tetxs": "{}"}, "no file of a pack"),
    ],
)
async def test_what_a_pack_says_is_checked_before_it_is_switched_on(
    store: Store, policy: Path, more: dict[str, str], problem: str
) -> None:
    own_pack(policy, "own", "rules: []\n", **more)
    with pytest.raises(ValueError, match=problem):
        await switch(store, policy, "own", on=True, now=NOW)
    async with store.read() as tx:
        assert await packs_on(tx) == ()


async def test_a_pack_whose_folder_is_gone_can_be_let_go_of(store: Store, policy: Path) -> None:
    own_pack(policy, "own", "rules: []\n")
    rulebook = await book(store, policy)
    await switch(store, policy, "own", on=True, now=NOW)
    await rulebook.look()
    for file in (policy.parent / "packs" / "own").iterdir():
        file.unlink()
    await rulebook.look()
    assert rulebook.problem is not None and "there is none of this name" in rulebook.problem
    await switch(store, policy, "own", on=False, now=NOW)
    await rulebook.look()
    assert rulebook.problem is None
