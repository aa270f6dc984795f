"""Papers as deeds: one that breaks leaves nothing, of several who send at once one does, what was made can be undone."""

import asyncio
from collections import Counter
from datetime import date

from actions.carry_out import undo
from actions.commands.papers import DiscardPaper, PaperLine, PreparePaper, SendPaper, from_recipe
from actions.crm import own
from actions.crm.records import Paper
from actions.papers.files import FOLDER
from actions.proposal import Notify
from tests.actions.house import CHAT, MANAGER, POLICY, REP, FakeWorld

DAY = date(2026, 3, 2)
QUOTE = PreparePaper(
    "quote", DAY, customer_id="C001", deal_id="D001", contact_id="K001", seller_id="E01", lines=(PaperLine("P01", 480),)
)


async def papers(world: FakeWorld) -> list[Paper]:
    async with world.store.read() as tx:
        return [one for one in await own.find(tx, "paper") if isinstance(one, Paper)]


async def prepared(world: FakeWorld) -> Paper:
    assert (await world.ask(QUOTE, REP)).kind == "done"
    (paper,) = await papers(world)
    return paper


def sending(paper: Paper) -> SendPaper:
    return SendPaper(paper.id, paper.digest, DAY, "K001", "D001")


async def test_it_is_a_record_with_its_files_and_nobody_is_told(world: FakeWorld) -> None:
    paper = await prepared(world)
    assert (paper.state, paper.currency, paper.version, paper.made_by) == ("draft", "CNY", 1, "E01")
    folder = world.home / FOLDER / paper.digest[:40]
    assert {"paper.pdf", "paper.docx", "page-1.png"} <= {file.name for file in folder.iterdir()}
    assert world.told == []


async def test_of_several_who_send_at_once_one_sends(world: FakeWorld) -> None:
    paper = await prepared(world)
    outcomes = await asyncio.gather(*(world.ask(sending(paper), REP, key=f"press:{number}") for number in range(4)))
    kinds = Counter(outcome.kind for outcome in outcomes)
    assert kinds["done"] == 1
    assert set(kinds) <= {"done", "stale", "impossible"}
    assert [notice.to for _, notice in world.told if isinstance(notice, Notify)] == ["person:K001"]


async def test_sent_and_discarded_at_once_it_is_one_of_both(world: FakeWorld) -> None:
    paper = await prepared(world)
    sent, discarded = await asyncio.gather(
        world.ask(sending(paper), REP, key="press:1"), world.ask(DiscardPaper(paper.id, "D001"), REP, key="press:2")
    )
    assert (sent.kind == "done") != (discarded.kind == "done")
    (after,) = await papers(world)
    assert after.state == ("sent" if sent.kind == "done" else "discarded")
    assert len(world.told) == (sent.kind == "done")


async def test_two_new_versions_at_once_are_one(world: FakeWorld) -> None:
    paper = await prepared(world)
    again = from_recipe(paper)
    orders = [
        PreparePaper(**{**vars(again), "valid_days": days, "replaces": paper.id, "version": 2}) for days in (20, 40, 60)
    ]
    outcomes = await asyncio.gather(*(world.ask(order, REP, key=f"web:{number}") for number, order in enumerate(orders)))
    assert sum(outcome.kind == "done" for outcome in outcomes) == 1
    assert Counter(one.state for one in await papers(world)) == {"replaced": 1, "draft": 1}


async def test_a_sending_that_breaks_leaves_the_paper_as_it_was(world: FakeWorld) -> None:
    paper = await prepared(world)
    world.break_on.append(OSError("the line is down"))
    assert (await world.ask(sending(paper), REP, key="press:1")).kind == "failed"
    assert await papers(world) == [paper]
    assert (await world.ask(sending(paper), REP, key="press:2")).kind == "done"


async def test_what_was_prepared_can_be_taken_back_and_what_was_sent_cannot(world: FakeWorld) -> None:
    done = await world.ask(QUOTE, REP)
    (paper,) = await papers(world)
    assert done.deed is not None
    sent = await world.ask(sending(paper), REP, key="press:1")
    assert sent.deed is not None
    assert (await undo(world, sent.deed, REP, CHAT, POLICY)).kind == "impossible"
    assert (await undo(world, done.deed, REP, CHAT, POLICY)).kind == "stale"  # it was sent since


async def test_a_fresh_paper_is_gone_when_taken_back(world: FakeWorld) -> None:
    done = await world.ask(QUOTE, REP)
    assert done.deed is not None
    assert (await undo(world, done.deed, REP, CHAT, POLICY)).kind == "done"
    assert await papers(world) == []


async def test_a_digest_that_is_not_the_papers_sends_nothing(world: FakeWorld) -> None:
    paper = await prepared(world)
    other = SendPaper(paper.id, "0" * 64, DAY, "K001", "D001")
    assert (await world.ask(other, MANAGER, key="press:1")).kind == "impossible"
    assert world.told == []
