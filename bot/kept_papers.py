"""Files of replies at hand: papers for whoever may see the customer, and where in the home a reply's pictures lie."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from actions.crm import own, people
from actions.crm.records import Customer, Deal, Paper, Speaker
from actions.outside.store import Store, Tx
from actions.papers.files import FOLDER, print_paper
from actions.papers.sheet import sheet_from_json
from actions.recordings.pictures import FOLDER as MOODS
from actions.rows import may_see
from bot.message import File, Reply

MIME = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def mime_of(file: File) -> str:
    """What kind of file it is; that of a paper goes by its name."""
    return file.mime or MIME.get(Path(file.path).suffix, "application/octet-stream")


def at_home(reply: Reply, home: Path) -> Reply:
    """The reply with its pictures and its papers' files where they lie: what is phrased does not know the home."""
    pictures = tuple(replace(one, path=_placed(one.path, home)) for one in reply.pictures)
    files = tuple(replace(one, path=_placed(one.path, home)) for one in reply.files)
    return replace(reply, pictures=pictures, files=files) if pictures or files else reply


def _placed(path: str, home: Path) -> str:
    return str(home.resolve() / path) if path.startswith((f"{FOLDER}/", f"{MOODS}/")) else path


async def may_open(tx: Tx, paper: Paper, person: Speaker) -> bool:
    """Whether the paper is this person's to see now: a colleague's who may see the customer, and the customer's own once it
    was sent to them."""
    if not person.is_staff:
        return paper.state == "sent" and paper.customer_id is not None and paper.customer_id == person.customer_id
    if paper.customer_id is None:
        return True
    customer = await own.get(tx, "customer", paper.customer_id)
    if isinstance(customer, Customer) and may_see(person, customer.owner_id, customer.id):
        return True
    deal = await own.get(tx, "deal", paper.deal_id) if paper.deal_id else None
    return isinstance(deal, Deal) and may_see(person, deal.owner_id, paper.customer_id)


class PaperFiles:
    """Opens the files of replies; of papers, it asks each time whether their reader may still see them."""

    def __init__(self, store: Store, home: Path) -> None:
        self._store = store
        self._home = home.resolve()

    async def content(self, file: File) -> bytes | None:
        """What the file holds; None where there is no such paper, or it is not for its reader any more."""
        if not file.paper:
            return file.text.encode()
        async with self._store.read() as tx:
            paper = await own.get(tx, "paper", file.paper)
            person = await people.speaker_of(tx, file.reader)
            if not isinstance(paper, Paper) or person is None or not await may_open(tx, paper, person):
                return None
        return await asyncio.to_thread(self._read, paper, Path(file.path).name)

    def _read(self, paper: Paper, name: str) -> bytes | None:
        sheet = sheet_from_json(json.loads(paper.content))
        print_paper(self._home, sheet)  # a home that was moved or tidied has them again
        if Path(name).suffix not in MIME:
            return None
        path = self._home / FOLDER / paper.digest[:40] / name
        return path.read_bytes() if path.is_file() else None
