"""Office files are archives; one that would unpack to far more than a document holds is not opened."""

import io
import zipfile

from retrieval.formats.bad import BadDocumentError

MOST_UNPACKED = 300_000_000  # bytes; a workbook of 50 MB unpacks to about that
_MOST_PARTS = 20_000
_MACROS = ("vbaproject.bin", "vbadata.xml")


def checked(content: bytes) -> io.BytesIO:
    """The archive, ready to be read. Raises BadDocumentError when it is none, or a trap, or holds macros."""
    file = io.BytesIO(content)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        # Office writes a protected file as one old-style container
        locked = content.startswith(b"\xd0\xcf\x11\xe0")
        if locked:
            raise BadDocumentError("it is protected by a password", "locked") from error
        raise BadDocumentError("it is broken or not what its ending says") from error
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise BadDocumentError(f"it would unpack to more than {MOST_UNPACKED // 1_000_000} MB", "too_large")
    if any(part.filename.lower().endswith(_MACROS) for part in parts):
        raise BadDocumentError("it holds macros; save it as a file without them", "macros")
    if any(part.flag_bits & 1 for part in parts):
        raise BadDocumentError("it is protected by a password", "locked")
    file.seek(0)
    return file
