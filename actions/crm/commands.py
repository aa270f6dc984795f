"""`parley crm` and `parley people`: how whoever runs the house brings records in, takes them out, and says who is who."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from actions.audit import Entry, append
from actions.crm import people
from actions.crm.calendar_file import AHEAD, CalendarError
from actions.crm.columns import ROW_KINDS
from actions.crm.export_files import export_files
from actions.crm.import_files import Imported, import_files
from actions.crm.records import Contact, Employee, EmployeeRole
from actions.crm.take_calendar import take_calendar
from actions.outside.store import Store, Tx

OpenStore = Callable[[], Store]
Got = TypeVar("Got")

_TOLD_PROBLEMS = 50
_QUICK = 2.0  # seconds; a command that takes longer shows that it is at work


# --- records ----------------------------------------------------------------------------------------------------------


def crm_cli(open_store: OpenStore) -> typer.Typer:
    """The commands over the store that `open_store` opens."""
    cli = typer.Typer(help="Bring customer records in and take them out.", no_args_is_help=True)

    @cli.command("import")
    def bring_in(
        files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="CSV or XLSX files, or folders of them.")],
    ) -> None:
        """Bring records in: customers, contacts, leads, deals, products and whatever else `export` writes.

        A file or sheet is named for what it holds (deals.csv, 商机.xlsx). Bad rows are told, the good ones go in.
        """
        imported = _run(open_store, lambda store: _with_progress(store, files))
        _tell(imported)
        if not imported.counts:
            raise _failed("Nothing was brought in.")

    @cli.command("export")
    def take_out(
        to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to write to.")],
        form: Annotated[Literal["csv", "xlsx"], typer.Option("--form", help="One CSV a kind, or one workbook.")] = "csv",
    ) -> None:
        """Write every record to a folder, in the form that `import` takes back."""
        for path in _run(open_store, lambda store: export_files(store, to, form=form)):
            typer.echo(path)

    return cli


async def _with_progress(store: Store, files: list[Path]) -> Imported:
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,} rows"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None, visible=False)

        def show(file: str, rows: int) -> None:
            is_slow = (bar.tasks[0].elapsed or 0) > _QUICK
            bar.update(task, description=file, completed=rows, visible=is_slow)

        return await import_files(store, files, now=datetime.now(UTC), progress=show)


def _tell(imported: Imported) -> None:
    for kind, count in imported.counts.items():
        typer.echo(f"{ROW_KINDS[kind].file}: {count.new} new, {count.changed} changed, {count.same} as they were")
    for problem in imported.problems[:_TOLD_PROBLEMS]:
        typer.echo(str(problem), err=True)
    more = max(0, len(imported.problems) - _TOLD_PROBLEMS) + imported.left_out
    if more:
        typer.echo(f"… and {more} more problems", err=True)


# --- people -----------------------------------------------------------------------------------------------------------


def people_cli(open_store: OpenStore) -> typer.Typer:
    """The commands over the store that `open_store` opens."""
    cli = typer.Typer(
        help="Who is who: employees, customers' contacts, and where each can be reached.", no_args_is_help=True
    )

    @cli.command("list")
    def show(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
        """List everyone with their identities on the channels, then the groups with their chats."""
        everyone, groups = _read(open_store, _everyone_and_groups)
        (_show_json if as_json else _show_table)(everyone, groups)

    @cli.command()
    def add(
        name: Annotated[str, typer.Argument(help="The person's name.")],
        role: Annotated[EmployeeRole | None, typer.Option(help="What an employee is.")] = None,
        customer: Annotated[str | None, typer.Option(metavar="ID", help="The customer a contact belongs to.")] = None,
        person_id: Annotated[str | None, typer.Option("--id", help="Their id; without it one is made.")] = None,
        name_en: Annotated[str, typer.Option(help="Their name in Latin letters.")] = "",
        region: Annotated[str, typer.Option(help="An employee's region.")] = "",
        manager: Annotated[str | None, typer.Option(metavar="ID", help="An employee's manager.")] = None,
        deputy: Annotated[str | None, typer.Option(metavar="ID", help="Who stands in for an employee.")] = None,
        title: Annotated[str, typer.Option(help="A contact's position.")] = "",
        lang: Annotated[Literal["zh", "en"], typer.Option(help="The language to speak to them.")] = "zh",
        email: Annotated[str | None, typer.Option(help="Their mail address.")] = None,
    ) -> None:
        """Take in an employee (--role) or a customer's contact (--customer)."""
        if (role is None) == (customer is None):
            raise typer.BadParameter("Give either --role, for an employee, or --customer, for a contact.")
        made = f"{'E' if role else 'K'}-{hashlib.sha256(f'{customer} {name} {email}'.encode()).hexdigest()[:8]}"
        new_id = person_id or made
        person: Employee | Contact
        if role is not None:
            person = Employee(new_id, name, name_en, role, region, manager, deputy, lang=lang, email=email)
        else:
            person = Contact(new_id, str(customer), name, name_en, title, email=email, lang=lang)
        _write(open_store, new_id, {"command": "add", "role": role or "customer"}, lambda tx: people.add(tx, person))
        typer.echo(f"{name} is {new_id}.")

    @cli.command()
    def bind(
        person: Annotated[str, typer.Argument(metavar="PERSON", help="A person's id, or a group such as @managers.")],
        channel: Annotated[str, typer.Argument(metavar="CHANNEL", help=", ".join(people.CHANNELS))],
        user: Annotated[str, typer.Argument(metavar="USER", help="What the channel calls them; of a group, its chat.")],
    ) -> None:
        """Say who somebody is on a channel, or which chat there is a group's."""
        bound = people.bind_group if person.startswith("@") else people.bind
        words = {"command": "bind", "channel": channel, "user": user}
        _write(open_store, person, words, lambda tx: bound(tx, person, channel, user))
        typer.echo(f"{person} is {user} on {channel}.")

    @cli.command()
    def unbind(
        person: Annotated[str, typer.Argument(metavar="PERSON", help="A person's id, or a group such as @managers.")],
        channel: Annotated[str, typer.Argument(metavar="CHANNEL", help=", ".join(people.CHANNELS))],
        user: Annotated[str | None, typer.Argument(metavar="[USER]", help="Only this user of the channel.")] = None,
    ) -> None:
        """Forget who somebody is on a channel, or where a group lives there."""

        async def forget(tx: Tx) -> None:
            is_group = person.startswith("@")
            gone = await (people.unbind_group(tx, person, channel) if is_group else people.unbind(tx, person, channel, user))
            if not gone:
                raise people.IntroductionError(f"{person} is nobody on {channel}.")

        _write(open_store, person, {"command": "unbind", "channel": channel, "user": user}, forget)
        typer.echo(f"{person} is no longer known on {channel}.")

    @cli.command()
    def calendar(
        person: Annotated[str, typer.Argument(metavar="PERSON", help="An employee's id.")],
        source: Annotated[
            Path, typer.Argument(metavar="FILE.ics", exists=True, help="Their calendar: an .ics file, or a folder of them.")
        ],
    ) -> None:
        """Take in when somebody's calendar takes their time, in place of what it said before; never what it says.

        Three months ahead, recurring events counted out. Meetings it leaves no room for are told to both sides.
        """
        words = {"command": "calendar"}
        count = _write(open_store, person, words, lambda tx: take_calendar(tx, person, source, datetime.now(UTC)))
        typer.echo(f"{person} is taken {count} times in the next {AHEAD.days} days.")

    @cli.command()
    def leave(
        person: Annotated[str, typer.Argument(metavar="PERSON", help="An employee's id.")],
        deputy: Annotated[str | None, typer.Option(metavar="ID", help="Who stands in for them from now on.")] = None,
    ) -> None:
        """Say that an employee has left: they may do nothing any more; what they would confirm goes to their deputy."""
        _write(open_store, person, {"command": "leave"}, lambda tx: people.leave(tx, person, deputy))
        typer.echo(f"{person} has left.")

    @cli.command()
    def invite(contact: Annotated[str, typer.Argument(metavar="CONTACT", help="A customer contact's id.")]) -> None:
        """Make a code that a customer's contact types once, within seven days, to be recognised on a channel."""
        words = {"command": "invite"}
        typer.echo(_write(open_store, contact, words, lambda tx: people.invite(tx, contact, datetime.now(UTC))))

    return cli


async def _everyone_and_groups(tx: Tx) -> tuple[list[people.Person], list[people.Group]]:
    return await people.everyone(tx), await people.groups(tx)


def _show_json(everyone: list[people.Person], groups: list[people.Group]) -> None:
    for person in everyone:
        identities = [vars(identity) for identity in person.identities]
        typer.echo(json.dumps({**vars(person), "identities": identities}, ensure_ascii=False))
    for name in dict.fromkeys(group.name for group in groups):
        chats = [vars(group.chat) for group in groups if group.name == name]
        typer.echo(json.dumps({"id": name, "role": "group", "identities": chats}, ensure_ascii=False))


def _show_table(everyone: list[people.Person], groups: list[people.Group]) -> None:
    table = Table("id", "name", "role", "region or customer", "deputy", "known as", box=None)
    for person in everyone:
        known = ", ".join(f"{one.channel}:{one.user}" for one in person.identities)
        place = person.customer_id or person.region
        table.add_row(person.id, person.name, person.role, place, person.deputy_id or "", known)
    for group in groups:
        table.add_row(group.name, "", "group", "", "", f"{group.chat.channel}:{group.chat.user}")
    Console().print(table)


# --- the store, opened and closed ---------------------------------------------------------------------------------------


def _run(open_store: OpenStore, work: Callable[[Store], Awaitable[Got]]) -> Got:
    """The work's result; what goes wrong in a way that a person can mend is one sentence and exit code 1."""

    async def within() -> Got:
        store = open_store()
        try:
            await store.migrate()
            return await work(store)
        finally:
            await store.close()

    try:
        return asyncio.run(within())
    except (people.IntroductionError, CalendarError, OSError) as error:
        raise _failed(str(error)) from None


def _read(open_store: OpenStore, ask: Callable[[Tx], Awaitable[Got]]) -> Got:
    async def within(store: Store) -> Got:
        async with store.read() as tx:
            return await ask(tx)

    return _run(open_store, within)


def _write(open_store: OpenStore, subject: str, words: Mapping[str, str | None], do: Callable[[Tx], Awaitable[Got]]) -> Got:
    """The same for what changes something, with an entry of the record: about whom, and the words of the command."""

    async def within(store: Store) -> Got:
        async with store.write() as tx:
            done = await do(tx)
            await append(tx, datetime.now(UTC), Entry("change", None, f"person:{subject}", words))
            return done

    return _run(open_store, within)


def _failed(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)
