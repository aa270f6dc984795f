"""The files of replies, opened when they are sent or fetched: papers, parts of recordings, small texts."""

from bot.clips import Clips
from bot.kept_papers import PaperFiles
from bot.may_hear import Closed
from bot.message import File


class ReplyFiles:
    """One thing to ask for what any file holds; whether its reader may have it is asked anew each time."""

    def __init__(self, papers: PaperFiles, clips: Clips) -> None:
        self._papers = papers
        self._clips = clips

    async def content(self, file: File) -> bytes | Closed | None:
        """What it holds; Closed where it is sound that stays inside; None where there is none, or it is not its reader's."""
        return await (self._clips.content(file) if file.clip else self._papers.content(file))
