"""Bringing files in: good rows go in, bad rows are told with file, line and column, and nothing is half-done."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from actions.audit import rows_of
from actions.crm import own, people
from actions.crm.import_files import Count, Imported, import_files
from actions.outside.store import Store
from actions.outside.tables import TimerRow

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of this name from its lines."""

    def written(name: str, *lines: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes("\n".join(lines).encode(encoding))
        return path

    return written


async def bring(store: Store, *paths: Path) -> Imported:
    return await import_files(store, paths, now=NOW)


async def one(store: Store, kind: str, record_id: str) -> Any:
    async with store.read() as tx:
        return await own.get(tx, kind, record_id)


async def every(store: Store, kind: str) -> list[Any]:
    async with store.read() as tx:
        return list(await own.find(tx, kind))


# --- rows and columns -------------------------------------------------------------------------------------------------


async def test_a_row_becomes_a_record_with_the_defaults_of_what_it_leaves_out(store: Store, write: Write) -> None:
    imported = await bring(store, write("customers.csv", "id,name,phone", "C1,样例公司,126 5550 0001"))
    assert imported == Imported({"customer": Count(new=1)}, ())
    customer = await one(store, "customer", "C1")
    assert (customer.name, customer.phone, customer.country, customer.owner_id) == ("样例公司", "+8612655500001", "CN", None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
async def test_chinese_arrives_whole_in_every_usual_encoding(store: Store, write: Write, encoding: str) -> None:
    await bring(store, write("客户.csv", "客户编号,客户名称,负责人", "C1,镕钰样例公司,", encoding=encoding))
    assert (await one(store, "customer", "C1")).name == "镕钰样例公司"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
async def test_the_separator_is_seen_from_the_headings(store: Store, write: Write, separator: str) -> None:
    await bring(store, write("customers.csv", separator.join(("id", "name", "industry")), separator.join(("C1", "A", "x"))))
    assert (await one(store, "customer", "C1")).industry == "x"


async def test_chinese_headings_and_names_instead_of_ids_are_understood(sample: Store, write: Write) -> None:
    file = write("商机.csv", "商机编号,客户名称,商机名称,阶段,金额,负责人,产品", "X1,华康医疗,扩建,谈判,$12万,林悦,M8")
    assert (await bring(sample, file)).problems == ()
    deal = await one(sample, "deal", "X1")
    assert (deal.customer_id, deal.owner_id, deal.product_id) == ("C001", "E01", "P01")
    assert (deal.stage, deal.amount, deal.currency) == ("negotiation", Decimal(120_000), "USD")


async def test_a_name_that_fits_several_is_not_guessed(sample: Store, write: Write) -> None:
    async with sample.write() as tx:
        await own.create(tx, "customer", "C900", {"name": "另一家", "aliases": "华康"})
    imported = await bring(sample, write("deals.csv", "customer_id,title,stage,amount", "华康,x,won,5"))
    assert [str(problem) for problem in imported.problems] == [
        "deals.csv, line 2, customer_id: “华康” fits several: C001, C900; write the id"
    ]


async def test_a_heading_nobody_knows_is_told_and_its_column_left_out(store: Store, write: Write) -> None:
    imported = await bring(store, write("customers.csv", "id,name,favourite colour", "C1,A,blue"))
    assert imported.counts == {"customer": Count(new=1)}
    assert [(problem.line, problem.column) for problem in imported.problems] == [(1, "favourite colour")]


# --- the same again, and changes --------------------------------------------------------------------------------------


async def test_the_same_file_twice_changes_nothing(store: Store, write: Write) -> None:
    file = write("customers.csv", "name,industry", "样例甲,a", "样例乙,b")
    assert (await bring(store, file)).counts == {"customer": Count(new=2)}
    assert (await bring(store, file)).counts == {"customer": Count(same=2)}
    assert len(await every(store, "customer")) == 2


async def test_a_row_without_an_id_finds_the_record_that_says_the_same(sample: Store, write: Write) -> None:
    imported = await bring(sample, write("customers.csv", "name,tier", "华康医疗科技有限公司,S"))
    assert imported.counts == {"customer": Count(changed=1)}
    assert (await one(sample, "customer", "C001")).tier == "S"


async def test_a_column_that_is_not_there_leaves_the_field_alone_an_empty_cell_empties_it(
    sample: Store, write: Write
) -> None:
    await bring(sample, write("customers.csv", "id,delivery_address", "C001,"))
    customer = await one(sample, "customer", "C001")
    assert customer.delivery_address is None
    assert customer.address == "上海市浦东新区示例路 8 号"


async def test_of_two_rows_with_one_id_the_later_adds_to_the_earlier(store: Store, write: Write) -> None:
    imported = await bring(store, write("customers.csv", "id,name,tier", "C1,A,", "C1,A,B"))
    assert imported.counts == {"customer": Count(new=1, changed=1)}
    assert (await one(store, "customer", "C1")).tier == "B"


# --- bad rows ---------------------------------------------------------------------------------------------------------


async def test_bad_rows_are_told_with_line_and_column_and_the_good_ones_go_in(sample: Store, write: Write) -> None:
    file = write(
        "deals.csv",
        "id,customer_id,title,stage,amount,close_date",
        "X1,C001,good,won,5,2026-03-01",
        "X2,C999,lost in space,won,5,",
        'X3,C001,"two',
        'lines",maybe,lots,soon',
        "X4,C001,,won,5,",
        "X5,C001,good,won,5,,extra",
        "X 6,C001,bad id,won,5,",
    )
    imported = await bring(sample, file)
    assert imported.counts == {"deal": Count(new=1)}
    assert [(problem.line, problem.column) for problem in imported.problems] == [
        (3, "customer_id"),
        (4, "stage"),
        (4, "close_date"),
        (4, "amount"),
        (6, "title"),
        (7, ""),
        (8, "id"),
    ]


async def test_a_new_row_that_lacks_what_it_needs_is_told(sample: Store, write: Write) -> None:
    imported = await bring(sample, write("deals.csv", "id,stage", "D001,won", "X1,won"))
    assert imported.counts == {"deal": Count(changed=1)}
    assert {(problem.line, problem.column) for problem in imported.problems} == {
        (3, "customer_id"),
        (3, "title"),
        (3, "amount"),
    }


async def test_an_amount_that_contradicts_its_currency_is_told(sample: Store, write: Write) -> None:
    imported = await bring(sample, write("deals.csv", "customer_id,title,stage,amount,currency", "C001,x,won,$5,CNY"))
    assert [problem.text for problem in imported.problems] == ["“$5” is not in CNY, as the currency column says"]


async def test_more_than_a_thousand_problems_are_counted_not_kept(store: Store, write: Write) -> None:
    imported = await bring(store, write("customers.csv", "id,name,country", *(f"C{n},A,?" for n in range(1_200))))
    assert (len(imported.problems), imported.left_out) == (1_000, 200)


# --- bad files --------------------------------------------------------------------------------------------------------


async def test_a_file_that_breaks_off_changes_nothing_and_the_others_still_go_in(store: Store, write: Write) -> None:
    broken = write("customers.csv", "id,name", "C1,good", 'C2,"never closed')
    whole = write("products.csv", "id,name", "P1,x")
    imported = await bring(store, broken, whole)
    assert imported.counts == {"product": Count(new=1)}
    assert imported.problems[0].line == 3
    assert "nothing of it was taken in" in imported.problems[0].text
    assert await every(store, "customer") == []


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("weather.csv", "id,name\n1,2", "does not say what it holds"),
        ("customers.csv", "", "the file is empty"),
        ("customers.csv", "\n\n\n", "the file is empty"),
        ("customers.csv", "colour,shape\n1,2", "no heading is known"),
        ("customers.csv", "name,客户名称\n1,2", "two columns hold the same field"),
        ("customers.pdf", "x", r"only \.csv and \.xlsx"),
        ("customers.xlsx", "not a zip", "no XLSX file"),
    ],
)
async def test_a_file_that_cannot_be_rows_is_told_in_one_sentence(
    store: Store, write: Write, name: str, content: str, told: str
) -> None:
    imported = await bring(store, write(name, content))
    assert imported.counts == {}
    assert len(imported.problems) == 1
    with pytest.raises(ValueError, match=told):
        raise ValueError(str(imported.problems[0]))


async def test_a_file_that_is_not_there_is_told(store: Store, tmp_path: Path) -> None:
    assert [str(problem) for problem in (await bring(store, tmp_path / "deals.csv")).problems] == [
        "deals.csv: there is no such file"
    ]


# --- what belongs together --------------------------------------------------------------------------------------------


async def test_files_come_in_in_the_order_in_which_they_point_at_each_other(store: Store, write: Write) -> None:
    deals = write("deals.csv", "id,customer_id,title,stage,amount,owner_id", "D1,样例公司,x,won,5,E1")
    customers = write("customers.csv", "id,name", "C1,样例公司")
    employees = write("employees.csv", "id,name,role", "E1,样例,rep")
    assert (await bring(store, deals, customers, employees)).problems == ()
    deal = await one(store, "deal", "D1")
    assert (deal.customer_id, deal.owner_id) == ("C1", "E1")


async def test_people_may_report_to_somebody_further_down_the_file(store: Store, write: Write) -> None:
    file = write("employees.csv", "id,name,role,manager_id", "E1,甲,rep,乙", "E2,乙,manager,", "E3,丙,rep,丁")
    imported = await bring(store, file)
    assert (await one(store, "employee", "E1")).manager_id == "E2"
    assert (await one(store, "employee", "E3")).manager_id is None
    assert [(problem.line, problem.column) for problem in imported.problems] == [(4, "manager_id")]


async def test_a_contacts_telephone_number_is_read_in_the_country_of_its_customer(store: Store, write: Write) -> None:
    await bring(store, write("customers.csv", "id,name,country", "C1,A,US"))
    await bring(store, write("contacts.csv", "id,phone,customer_id,name", "K1,(617) 555-0101,C1,B"))
    assert (await one(store, "contact", "K1")).phone == "+16175550101"


async def test_a_reminder_that_comes_in_is_set_and_a_cancelled_one_is_not(sample: Store, write: Write) -> None:
    write_rows = ("id,person_id,text,due_at,state", "X1,E01,call,+1d 09:00,waiting", "R001,E01,no more,+1d 09:00,cancelled")
    await bring(sample, write("reminders.csv", *write_rows))
    async with sample.read() as tx:
        timers = {row.key: row.due_at for row in await tx.execute(select(TimerRow.key, TimerRow.due_at))}
    assert timers["reminder:X1"] == datetime(2026, 3, 12, 1, 0, tzinfo=UTC)
    assert "reminder:R001" not in timers


async def test_who_is_who_can_be_brought_in_too(sample: Store, write: Write) -> None:
    await bring(sample, write("identities.csv", "channel,user,person_id", "slack,U1,林悦"))
    await bring(sample, write("groups.csv", "name,channel,conversation", "@managers,slack,C1"))
    async with sample.read() as tx:
        assert (await people.whois(tx, "slack", "U1")).person_id == "E01"
        assert [chat.channel for chat in await people.group_chats(tx, "@managers")] == ["slack", "web"]


async def test_what_a_file_changed_stands_in_the_record_by_numbers(store: Store, write: Write) -> None:
    await bring(store, write("customers.csv", "id,name", "C1,A", "C2,B"))
    async with store.read() as tx:
        entries = [(line.kind, line.subject, dict(line.body)) async for line in rows_of(tx)]
    assert entries == [("change", "import:customer", {"file": "customers.csv", "new": 2, "changed": 0, "same": 0})]


# --- XLSX -------------------------------------------------------------------------------------------------------------


async def test_a_workbook_holds_a_kind_on_each_sheet(store: Store, tmp_path: Path) -> None:
    book = Workbook()
    deals = book.active
    assert deals is not None
    deals.title = "商机"
    deals.append(["客户名称", "商机名称", "阶段", "金额", "预计成交日期"])
    deals.append(["样例公司", "扩建", "谈判", 480000.5, datetime(2026, 11, 3)])  # noqa: DTZ001 - as Excel has it
    customers = book.create_sheet("客户")
    customers.append(["客户编号", "客户名称", "联系电话"])
    customers.append(["C1", "样例公司", 12655500001])
    book.save(tmp_path / "all.xlsx")
    imported = await bring(store, tmp_path / "all.xlsx")
    assert imported == Imported({"customer": Count(new=1), "deal": Count(new=1)}, ())
    (deal,) = await every(store, "deal")
    assert (deal.customer_id, deal.amount, deal.close_date) == ("C1", Decimal("480000.50"), date(2026, 11, 3))
    assert (await one(store, "customer", "C1")).phone == "+8612655500001"


async def test_a_lone_sheet_of_any_name_is_what_its_file_is_called(store: Store, tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["id", "name"])
    book.active.append(["C1", "A"])
    book.save(tmp_path / "customers.xlsx")
    assert (await bring(store, tmp_path / "customers.xlsx")).counts == {"customer": Count(new=1)}


async def test_progress_is_told_with_the_rows_read(store: Store, write: Write) -> None:
    told: list[tuple[str, int]] = []
    file = write("customers.csv", "id,name", *(f"C{n},A{n}" for n in range(600)))
    await import_files(store, [file], now=NOW, progress=lambda name, rows: told.append((name, rows)))
    assert told == [("customers.csv", 500), ("customers.csv", 600)]
