"""`parley knowledge`: the company's documents at the command line; it searches what the copilot searches."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from retrieval.passage import Hit
    from retrieval.search import Library

SAMPLE_SOPS = Path(__file__).with_name("sops")
"""The sample company's documents, used until PARLEY_SOPS names a folder."""

knowledge_cli = typer.Typer(name="knowledge", help="The documents that answers are quoted from.", no_args_is_help=True)


@knowledge_cli.callback()
def knowledge() -> None:
    """The documents that answers are quoted from."""


@knowledge_cli.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for, in Chinese or English.")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many passages at most.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array instead of a table.")] = False,
    audience: Annotated[str, typer.Option(help="On whose behalf: rep, manager or customer.")] = "rep",
    lang: Annotated[str | None, typer.Option(help="The language to prefer: zh or en.")] = None,
    sops: Annotated[
        Path, typer.Option(envvar="PARLEY_SOPS", help="The folder of documents.", show_default="the sample")
    ] = SAMPLE_SOPS,
) -> None:
    """Find the passages that answer a question, best first, each with its source."""
    from retrieval.passage import AUDIENCES  # noqa: PLC0415 - the program starts faster without what only this command needs

    if audience not in AUDIENCES:
        raise typer.BadParameter(f"must be one of {', '.join(sorted(AUDIENCES))}", param_hint="--audience")
    library = _load(sops)
    for problem in library.problems:
        typer.echo(problem, err=True)
    hits = library.search(query, audience=audience, lang=lang, k=k)
    if as_json:
        typer.echo(json.dumps([_row(hit) for hit in hits], ensure_ascii=False, indent=2))
    elif hits:
        _print_table(hits)
    else:
        typer.echo("No document answers this.")


def _load(folder: Path) -> "Library":
    from retrieval.search import Library  # noqa: PLC0415 - numpy and the search index take half a second to import

    try:
        return Library.load(folder)
    except OSError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _row(hit: "Hit") -> dict[str, str | float]:
    passage = hit.passage
    return {
        "title": passage.title,
        "section": passage.section,
        "version": passage.version,
        "date": passage.date.isoformat(),
        "source": f"{passage.source}:{passage.line}",
        "score": round(hit.score, 3),
        "text": passage.text,
    }


def _print_table(hits: "list[Hit]") -> None:
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table("passage", "score", "text", show_lines=True)
    for row in map(_row, hits):
        about = "{title}\n{section}\nversion {version}, {date}\n{source}".format(**row)
        # a document is text: what looks like the terminal's markup is shown, not obeyed
        table.add_row(escape(about), f"{row['score']:.2f}", escape(str(row["text"])))
    Console().print(table)
