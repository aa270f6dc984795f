"""Files as a house opens them: what lies there for whom may change between the reply and its sending."""

from dataclasses import dataclass, field, replace

from bot.may_hear import Closed
from bot.message import File, Reply

MP3 = b"\xff\xf3" + bytes(500)
PDF = b"%PDF-1.7\n" + bytes(range(200))
QUOTE = File("报价单-华康-v1.pdf", "papers/1/paper.pdf", paper="Q-1", reader="E01")
INVITATION = File("meeting.ics", text="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", mime="text/calendar")
QUOTE_PIECE = Reply("", "zh", files=(QUOTE,))
CLIP = File("华康 3:12–3:22.mp3", mime="audio/mpeg", clip="REC-1", start=192.0, seconds=10.0, reader="person:E01")
SHARED_CLIP = replace(CLIP, reader="group:@managers", deed="P-1")
CLIP_PIECE = Reply("", "zh", files=(CLIP,))
SHARED_CLIP_PIECE = Reply("", "zh", files=(SHARED_CLIP,))
INVITATION_PIECE = Reply("", "en", files=(INVITATION,))


@dataclass
class AtHand:
    """Opens papers by their ids; a paper that is not in it is not its reader's. `sound` is every clip."""

    papers: dict[str, bytes] = field(default_factory=lambda: {"Q-1": PDF})
    sound: bytes | Closed = MP3
    asked: list[str] = field(default_factory=list)

    async def __call__(self, file: File) -> bytes | Closed | None:
        if file.clip:
            self.asked.append(file.clip)
            return self.sound
        self.asked.append(file.paper or file.name)
        return self.papers.get(file.paper) if file.paper else file.text.encode()
