"""Mail files: the subject as the title, the newest text; attachments are named and not opened."""

import codecs
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from retrieval.formats import web_page
from retrieval.formats.bad import BadDocumentError


def read(content: bytes) -> str:
    """The letter as it was meant to be read. Raises BadDocumentError when the file is no mail."""
    try:
        mail = BytesParser(EmailMessage, policy=policy.default).parsebytes(content)
        body = mail.get_body(("plain", "html"))
        said = body.get_content() if body is not None else ""
        is_page = body is not None and body.get_content_type() == "text/html"
        subject = " ".join(str(mail.get("subject", "")).split())
        names = [name for part in mail.iter_attachments() if (name := part.get_filename())]
        date = mail.get("date")
    except Exception as error:  # the parser takes anything, its getters stumble on what they meet
        raise BadDocumentError("it is broken or not a mail file") from error
    if not mail.keys() or not isinstance(said, str):
        raise BadDocumentError("it is broken or not a mail file")
    text = web_page.read(codecs.BOM_UTF8 + said.encode()) if is_page else said
    told = [f"# {subject}", ""] if subject else []
    told += [f"{date}", ""] if date else []
    return "\n".join([*told, text.strip(), "", *(f"- {name}" for name in names)])
