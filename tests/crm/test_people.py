"""Who speaks, and where each can be reached."""

from datetime import UTC, datetime, timedelta

import pytest

from actions.crm import own, people
from actions.crm.people import IntroductionError
from actions.crm.records import Contact, Employee, Identity
from actions.outside.store import Store

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


@pytest.fixture
async def real(store: Store) -> Store:
    """A home that is no sample: a rep, her manager, and a customer with one contact."""
    async with store.write() as tx:
        await people.add(tx, Employee("M1", "经理样", "", "manager", "华东"))
        await people.add(tx, Employee("R1", "销售样", "Sample Rep", "rep", "华东", "M1", lang="en", zone="Asia/Singapore"))
        await own.create(tx, "customer", "C1", {"name": "样例公司", "region": "华东"})
        await people.add(tx, Contact("K1", "C1", "联系样"))
    return store


# --- who speaks -------------------------------------------------------------------------------------------------------


async def test_an_employee_speaks_with_name_and_zone_in_their_language(real: Store) -> None:
    async with real.write() as tx:
        await people.bind(tx, "R1", "slack", "U1")
        speaker = await people.whois(tx, "slack", "U1")
    assert (speaker.person_id, speaker.role, speaker.name, speaker.lang) == ("R1", "rep", "Sample Rep", "en")
    assert (speaker.zone, speaker.manager_id, speaker.identity) == ("Asia/Singapore", "M1", Identity("slack", "U1"))


async def test_a_contact_speaks_for_their_company_only(real: Store) -> None:
    async with real.write() as tx:
        await people.bind(tx, "K1", "wechat", "o1")
        speaker = await people.whois(tx, "wechat", "o1")
    assert (speaker.role, speaker.customer_id, speaker.region, speaker.is_staff) == ("customer", "C1", "华东", False)


async def test_a_managers_team_are_those_who_report_to_them_a_directors_everyone_else(sample: Store) -> None:
    async with sample.read() as tx:
        manager = await people.speaker_of(tx, "E11")
        director = await people.speaker_of(tx, "E20")
        rep = await people.speaker_of(tx, "E01")
    assert manager is not None
    assert director is not None
    assert rep is not None
    assert manager.team == {"E01", "E02", "E03", "E04"}
    assert director.team >= {"E01", "E08", "E11", "E12", "E40"}
    assert "E20" not in director.team
    assert rep.team == frozenset()


@pytest.mark.parametrize(
    ("claimed", "role"), [(None, "guest"), ("manager", "guest"), ("rep", "guest"), ("customer", "customer")]
)
@pytest.mark.parametrize("channel", ["slack", "wecom", "wechat", "web", "api", "terminal"])
async def test_a_stranger_is_a_guest_who_may_at_most_be_some_customer(
    real: Store, channel: str, claimed: str | None, role: str
) -> None:
    async with real.read() as tx:
        speaker = await people.whois(tx, channel, "nobody", claimed)
    assert (speaker.person_id, speaker.role, speaker.customer_id) == (None, role, None)


@pytest.mark.parametrize(("channel", "is_known"), [("api", True), ("terminal", True), ("web", False), ("slack", False)])
async def test_only_trusted_front_ends_may_say_who_speaks_by_id(real: Store, channel: str, is_known: bool) -> None:
    async with real.read() as tx:
        assert ((await people.whois(tx, channel, "R1")).person_id == "R1") is is_known


@pytest.mark.parametrize(("claimed", "person"), [("rep", "E01"), ("manager", "E11"), ("customer", "K001"), (None, None)])
@pytest.mark.parametrize("channel", ["web", "api", "terminal"])
async def test_a_visitor_of_the_sample_company_speaks_as_the_role_they_claim(
    sample: Store, channel: str, claimed: str | None, person: str | None
) -> None:
    async with sample.read() as tx:
        assert (await people.whois(tx, channel, "visitor", claimed)).person_id == person


async def test_a_claimed_role_counts_for_nothing_on_a_real_platform(sample: Store) -> None:
    async with sample.read() as tx:
        assert (await people.whois(tx, "slack", "U1", "manager")).role == "guest"


async def test_an_identity_whose_person_is_gone_is_a_stranger(real: Store) -> None:
    async with real.write() as tx:
        await people.bind(tx, "K1", "wechat", "o1")
        await own.remove(tx, "contact", "K1")
        assert (await people.whois(tx, "wechat", "o1")).role == "guest"


# --- introducing ------------------------------------------------------------------------------------------------------


async def test_binding_twice_is_fine_binding_somebody_elses_user_is_not(real: Store) -> None:
    async with real.write() as tx:
        await people.bind(tx, "R1", "slack", "U1")
        await people.bind(tx, "R1", "slack", "U1")
        with pytest.raises(IntroductionError, match="slack user U1 is already R1"):
            await people.bind(tx, "M1", "slack", "U1")


@pytest.mark.parametrize(
    ("person", "channel", "user", "told"),
    [
        ("X9", "slack", "U1", "Nobody here has the id X9"),
        ("R1", "slak", "U1", "There is no channel slak"),
        ("R1", "slack", " ", "Say which user"),
    ],
)
async def test_what_cannot_be_bound_is_told_in_one_sentence(
    real: Store, person: str, channel: str, user: str, told: str
) -> None:
    async with real.write() as tx:
        with pytest.raises(IntroductionError, match=told):
            await people.bind(tx, person, channel, user)


async def test_unbinding_forgets_one_user_or_all_of_a_channel(real: Store) -> None:
    async with real.write() as tx:
        for user in ("U1", "U2", "U3"):
            await people.bind(tx, "R1", "slack", user)
        assert await people.unbind(tx, "R1", "slack", "U1") == 1
        assert await people.unbind(tx, "R1", "slack") == 2
        assert await people.reach(tx, "R1") == []


async def test_a_group_has_one_chat_on_each_channel(store: Store) -> None:
    async with store.write() as tx:
        await people.bind_group(tx, "@managers", "web", "managers")
        await people.bind_group(tx, "@managers", "slack", "C1")
        await people.bind_group(tx, "@managers", "slack", "C2")
        assert await people.group_chats(tx, "@managers") == [Identity("slack", "C2"), Identity("web", "managers")]
        assert await people.unbind_group(tx, "@managers", "slack") == 1
        assert await people.group_chats(tx, "@managers") == [Identity("web", "managers")]


async def test_a_group_is_named_with_an_at_sign(store: Store) -> None:
    async with store.write() as tx:
        with pytest.raises(IntroductionError, match="looks like @managers"):
            await people.bind_group(tx, "managers", "slack", "C1")


@pytest.mark.parametrize(
    ("person", "told"),
    [
        (Employee("R1", "x", "", "rep", ""), "The id R1 is taken"),
        (Employee("R2", "x", "", "rep", "", "X9"), "There is no employee X9"),
        (Contact("K2", "C9", "x"), "There is no customer C9"),
    ],
)
async def test_nobody_is_taken_in_who_points_nowhere(real: Store, person: Employee | Contact, told: str) -> None:
    async with real.write() as tx:
        with pytest.raises(IntroductionError, match=told):
            await people.add(tx, person)


# --- reaching ---------------------------------------------------------------------------------------------------------


async def test_people_are_reached_where_they_were_last_seen(real: Store) -> None:
    async with real.write() as tx:
        for channel in ("web", "wecom", "slack"):
            await people.bind(tx, "R1", channel, "u")
        assert [one.channel for one in await people.reach(tx, "R1")] == ["slack", "wecom", "web"]
        await people.touch(tx, "wecom", "u", NOW)
        await people.touch(tx, "web", "u", NOW + timedelta(minutes=1))
        assert [one.channel for one in await people.reach(tx, "R1")] == ["web", "wecom", "slack"]


async def test_everyone_is_listed_with_where_they_are_known(real: Store) -> None:
    async with real.write() as tx:
        await people.bind(tx, "K1", "wechat", "o1")
        everyone = {person.id: person for person in await people.everyone(tx)}
    assert set(everyone) == {"M1", "R1", "K1"}
    assert everyone["K1"].identities == (Identity("wechat", "o1"),)
    assert (everyone["K1"].role, everyone["K1"].customer_id) == ("customer", "C1")


async def test_every_name_that_may_be_said_is_known_with_its_aliases(sample: Store) -> None:
    async with sample.read() as tx:
        known = {(one.kind, one.name): one for one in await people.names(tx)}
    assert set(known["company", "华康医疗科技有限公司"].aliases) == {"华康", "华康医疗", "Huakang Medical"}
    assert known["company", "华康医疗科技有限公司"].value == "华康医疗科技有限公司"
    assert ("company", "澄湖社区医院") in known  # a lead's
    assert ("person", "林悦") in known
    assert ("person", "Emily Carter") in known
    assert "M8" in known["product", "睿护 M8 重症监护系统"].aliases
    assert not any("Corvex" in name for _, name in known)


# --- invitations ------------------------------------------------------------------------------------------------------


async def test_a_code_introduces_the_contact_once(real: Store) -> None:
    async with real.write() as tx:
        code = await people.invite(tx, "K1", NOW)
        speaker = await people.redeem(tx, f" {code.lower()} ", "wechat", "o1", NOW + timedelta(days=6))
        assert speaker is not None
        assert (speaker.person_id, speaker.identity) == ("K1", Identity("wechat", "o1"))
        assert await people.redeem(tx, code, "wechat", "o2", NOW) is None
        assert (await people.whois(tx, "wechat", "o2")).role == "guest"


async def test_a_code_lapses_after_seven_days(real: Store) -> None:
    async with real.write() as tx:
        code = await people.invite(tx, "K1", NOW)
        assert await people.redeem(tx, code, "wechat", "o1", NOW + timedelta(days=7)) is None


async def test_a_new_code_replaces_the_old_one(real: Store) -> None:
    async with real.write() as tx:
        old = await people.invite(tx, "K1", NOW)
        new = await people.invite(tx, "K1", NOW)
        assert await people.redeem(tx, old, "wechat", "o1", NOW) is None
        assert await people.redeem(tx, new, "wechat", "o1", NOW) is not None


async def test_a_code_typed_by_somebody_known_as_another_stays_good(real: Store) -> None:
    async with real.write() as tx:
        await people.bind(tx, "R1", "wechat", "o1")
        code = await people.invite(tx, "K1", NOW)
        assert await people.redeem(tx, code, "wechat", "o1", NOW) is None
        assert await people.redeem(tx, code, "wechat", "o2", NOW) is not None


async def test_the_store_does_not_hold_the_code_itself(real: Store) -> None:
    async with real.write() as tx:
        code = await people.invite(tx, "K1", NOW)
        kept = str((await tx.exec_driver_sql("select name, value from meta")).all())
    assert code not in kept
    assert code.replace("-", "") not in kept


@pytest.mark.parametrize("text", ["", "hello", "AAAA-AAAA", "1234-5678", "华康医疗"])
async def test_what_is_no_code_introduces_nobody(real: Store, text: str) -> None:
    async with real.write() as tx:
        assert await people.redeem(tx, text, "wechat", "o1", NOW) is None


async def test_only_a_customers_contact_is_invited(real: Store) -> None:
    async with real.write() as tx:
        with pytest.raises(IntroductionError, match="There is no customer contact R1"):
            await people.invite(tx, "R1", NOW)
