"""Files as a house opens them: what lies there for whom may change between the reply and its sending."""

from dataclasses import dataclass, field

from bot.message import File, Reply

PDF = b"%PDF-1.7\n" + bytes(range(200))
QUOTE = File("报价单-华康-v1.pdf", "papers/1/paper.pdf", paper="Q-1", reader="E01")
INVITATION = File("meeting.ics", text="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", mime="text/calendar")
QUOTE_PIECE = Reply("", "zh", files=(QUOTE,))
INVITATION_PIECE = Reply("", "en", files=(INVITATION,))


@dataclass
class AtHand:
    """Opens papers by their ids; a paper that is not in it is not its reader's."""

    papers: dict[str, bytes] = field(default_factory=lambda: {"Q-1": PDF})
    asked: list[str] = field(default_factory=list)

    async def __call__(self, file: File) -> bytes | None:
        self.asked.append(file.paper or file.name)
        return self.papers.get(file.paper) if file.paper else file.text.encode()
