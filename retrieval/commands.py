"""`parley knowledge`: the company's documents at the command line; it searches what the copilot searches."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrieval.home import DOCUMENTS, VECTORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.add import Added
    from retrieval.embed import Embedder
    from retrieval.passage import Hit, Passage
    from retrieval.search import Library

SAMPLE_SOPS = Path(__file__).with_name("sops")
"""The sample company's documents, used until PARLEY_SOPS names a folder."""

DEFAULT_HOME = Path("var")
Home = Annotated[Path, typer.Option(envvar="PARLEY_HOME", help="The folder for everything that is kept.")]
Sops = Annotated[Path, typer.Option(envvar="PARLEY_SOPS", help="The folder of documents.", show_default="the sample")]
Chroma = Annotated[str | None, typer.Option(envvar="PARLEY_CHROMA_URL", help="A Chroma server.", show_default="on disk")]
EmbeddingModel = Annotated[
    str | None,
    typer.Option(
        "--model", envvar="PARLEY_EMBEDDING_MODEL", help="A folder, a model's name, or none.", show_default="the shipped one"
    ),
]

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
    sops: Sops = SAMPLE_SOPS,
    home: Home = DEFAULT_HOME,
    model: EmbeddingModel = None,
    chroma: Chroma = None,
) -> None:
    """Find the passages that answer a question, best first, each with its source."""
    from retrieval.passage import AUDIENCES  # noqa: PLC0415 - the program starts faster without what only this command needs

    if audience not in AUDIENCES:
        raise typer.BadParameter(f"must be one of {', '.join(sorted(AUDIENCES))}", param_hint="--audience")
    library = _load(sops, home, model, chroma)
    for problem in library.problems:
        typer.echo(problem, err=True)
    hits = library.search(query, audience=audience, lang=lang, k=k)
    if as_json:
        typer.echo(json.dumps([_row(hit) for hit in hits], ensure_ascii=False, indent=2))
    elif hits:
        _print_table(hits)
    else:
        typer.echo("No document answers this.")


@knowledge_cli.command()
def add(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, folders, Git checkouts.")],
    owner: Annotated[str, typer.Option(help="Who answers for what does not say so itself.")] = "",
    audience: Annotated[str, typer.Option(help="Who may read it, with commas: rep, manager, customer.")] = "rep,manager",
    home: Home = DEFAULT_HOME,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array instead of lines.")] = False,
) -> None:
    """Take documents in: Markdown, text, DOCX, PDF, XLSX, CSV, PPTX, HTML and mail; macros are left out.

    What was taken in before is left as it is; a changed file becomes the next version of its document. A running copilot
    answers from it within seconds. Can be cut off and called again.
    """
    from retrieval.add import add as taken_in  # noqa: PLC0415 - as above
    from retrieval.add import find_files  # noqa: PLC0415
    from retrieval.passage import AUDIENCES  # noqa: PLC0415
    from retrieval.read import Stated  # noqa: PLC0415

    readers = frozenset(part.strip() for part in audience.split(","))
    if not readers <= AUDIENCES:
        raise typer.BadParameter(f"must be one or more of {', '.join(sorted(AUDIENCES))}", param_hint="--audience")
    try:
        files = find_files(paths)
    except FileNotFoundError as error:
        raise _failed(str(error)) from error
    stated = Stated(_today(), owner, readers)
    told = []
    for one in _shown(taken_in(files, home / DOCUMENTS, stated, _today()), len(files)):
        told.append(one)
        if not as_json and one.outcome != "unchanged":
            about = f"skipped, {one.reason}." if one.outcome == "refused" else f"{one.outcome}, version {one.version}"
            about += f"; {one.left_out} were left out" if one.left_out else ""
            typer.echo(f"{one.source}: {about}", err=one.outcome == "refused")
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in told], ensure_ascii=False, indent=2))
    else:
        counted = Counter(one.outcome for one in told)
        typer.echo(
            ", ".join(f"{counted[outcome]} {outcome}" for outcome in ("added", "new version", "unchanged", "refused"))
        )
    if told and all(one.outcome == "refused" for one in told):
        raise typer.Exit(1)
    if not files:
        raise _failed("There is no document there that can be read.")


def _shown(steps: "Iterator[Added]", total: int) -> "Iterator[Added]":
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=total)
        for one in steps:
            bar.update(task, advance=1, description=one.source[-40:])
            yield one


@knowledge_cli.command("list")
def list_documents(
    home: Home = DEFAULT_HOME,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array instead of a table.")] = False,
) -> None:
    """Show what was taken in, with every version."""
    from retrieval.add import documents  # noqa: PLC0415 - as above

    rows = [
        {
            "document": one.id,
            "lang": one.lang,
            "title": one.title,
            "version": one.version,
            "valid_from": one.valid_from.isoformat(),
            "owner": one.owner,
            "audience": ", ".join(sorted(one.audience)),
            "source": one.source,
        }
        for one in documents(home / DOCUMENTS)
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif rows:
        _print_rows(rows)
    else:
        typer.echo("Nothing was taken in yet: parley knowledge add PATH…")


@knowledge_cli.command()
def remove(
    document: Annotated[str, typer.Argument(help="Its name, as `parley knowledge list` shows it.")],
    sops: Sops = SAMPLE_SOPS,
    home: Home = DEFAULT_HOME,
    model: EmbeddingModel = None,
    chroma: Chroma = None,
) -> None:
    """Delete a document with all its versions and the files they were taken from."""
    from retrieval.add import remove as removed  # noqa: PLC0415 - as above

    gone = removed(document, home / DOCUMENTS)
    if not gone:
        raise _failed(f"There is no document {document}.")
    typer.echo(f"{document}: deleted, {gone} version{'' if gone == 1 else 's'}")
    if chroma or (home / VECTORS).exists():
        _load(sops, home, model, chroma, may_drop=True)  # what reads the index drops what is no longer there


def _print_rows(rows: list[dict[str, str]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(escape, row.values()))
    Console().print(table)


def _today() -> date:
    return datetime.now(UTC).date()


@knowledge_cli.command()
def evaluate(
    passages: Annotated[Path, typer.Option(help="JSON lines with id and text, gzipped or not.", exists=True)],
    queries: Annotated[Path, typer.Option(help="JSON lines with id and text.", exists=True)],
    qrels: Annotated[Path, typer.Option(help="What is right: question, 0, passage, grade (TREC).", exists=True)],
    model: EmbeddingModel = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Measure how well passages are found: recall, nDCG@10, MRR; beside words alone, in the same run."""
    from retrieval.evaluate import evaluate as measured  # noqa: PLC0415 - as above
    from retrieval.evaluate import passages_of, read_judged  # noqa: PLC0415

    try:
        judged = read_judged(passages, queries, qrels)
    except ValueError as error:
        raise _failed(str(error)) from error
    texts = passages_of(judged)
    told: dict[str, Any] = {"passages": len(texts), "queries": len(judged.questions)}
    ways = {"words": _library(texts, None), "words and meaning": _library(texts, _embedder(model))}
    for way, library in ways.items():

        def find(question: str, library: "Library" = library) -> list[str]:
            return [hit.passage.source for hit in library.ranked(question, audience="rep", k=10)]

        told[way] = measured(judged, find)
    told |= told["words and meaning"]
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _print_figures(told, list(ways))


def _print_figures(told: "dict[str, Any]", ways: list[str]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    names = list(told[ways[0]])
    table = Table("", *names, title=f"{told['queries']} questions to {told['passages']} passages")
    for way in ways:
        table.add_row(way, *(f"{told[way][name]:.3f}" for name in names))
    Console().print(table)


def _library(texts: "list[Passage]", embedder: "Embedder | None") -> "Library":
    from retrieval.search import Library  # noqa: PLC0415

    return Library(texts, embedder=embedder)


def _embedder(model: str | None) -> "Embedder | None":
    from retrieval.embed import NONE, SHIPPED, load_embedder  # noqa: PLC0415

    if model == NONE:
        return None
    try:
        return load_embedder(model or str(SHIPPED))
    except ValueError as error:
        raise _failed(str(error)) from error


def _failed(reason: str) -> typer.Exit:
    typer.echo(reason, err=True)
    return typer.Exit(1)


def _load(folder: Path, home: Path, model: str | None, chroma: str | None, *, may_drop: bool = False) -> "Library":
    from retrieval.index import IndexUnavailableError, VectorIndex  # noqa: PLC0415 - as above
    from retrieval.search import Library  # noqa: PLC0415 - numpy and the search index take half a second to import

    embedder = _embedder(model)
    load = partial(Library.load, folder, home / DOCUMENTS, on=_today())
    try:
        if embedder is not None:
            try:
                index = VectorIndex.open(embedder.name, folder=home / VECTORS, url=chroma)
                index.may_drop = may_drop
                return load(embedder=embedder, index=index)
            except IndexUnavailableError as error:
                typer.echo(f"{error}; looked up by words alone", err=True)
        return load()
    except OSError as error:
        raise _failed(str(error)) from error


def _row(hit: "Hit") -> dict[str, Any]:
    from retrieval.steps import steps_of  # noqa: PLC0415 - as above

    passage = hit.passage
    return {
        "title": passage.title,
        "section": passage.section,
        "version": passage.version,
        "date": passage.date.isoformat(),
        "source": f"{passage.source}, page {passage.page}" if passage.page else f"{passage.source}:{passage.line}",
        "score": round(hit.score, 3),
        "text": passage.text,
        "steps": [asdict(step) for step in steps_of(passage.text)],
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
