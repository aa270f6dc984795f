"""Office files are archives; one that would unpack to far more than a document holds is not opened, and macros stay out."""

import io
import posixpath
import zipfile
from typing import Any

from retrieval.formats.bad import BadDocumentError

MOST_UNPACKED = 300_000_000  # bytes; a workbook of 50 MB unpacks to about that
_MOST_PARTS = 20_000
_MACROS = ("vbaproject.bin", "vbadata.xml")
_RUNS = ("vba", "macrosheet", "ui/extensibility")
"""What the kind of a relationship has in it that leads to macros: Visual Basic, sheets of Excel 4 macros, their buttons."""
_KINDS = "[Content_Types].xml"
_MAIN = {
    b"application/vnd.ms-word.document.macroEnabled.main+xml": (
        b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    ),
    b"application/vnd.ms-excel.sheet.macroEnabled.main+xml": (
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    ),
    b"application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml": (
        b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    ),
}
_RELATIONSHIP = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def checked(content: bytes) -> io.BytesIO:
    """The archive, ready to be read. Raises BadDocumentError when it is none, or a trap, or holds macros."""
    if any(_is_macro(part.filename) for part in _parts(content)):
        raise BadDocumentError("it holds macros; save it as a file without them", "macros")
    return io.BytesIO(content)


def without_macros(content: bytes) -> tuple[bytes, bool]:
    """The same file as its kin without macros, and whether there were any; what is left out is never unpacked.

    Raises BadDocumentError when it is no archive, or a trap.
    """
    _parts(content)
    try:
        return _rewritten(content)
    except Exception as error:  # zipfile and lxml raise whatever the broken part made them stumble on
        raise BadDocumentError("it is broken or not what its ending says") from error


def _parts(content: bytes) -> list[zipfile.ZipInfo]:
    """What the archive holds. Raises BadDocumentError when it is none, or a trap."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        # Office writes a protected file as one old-style container
        locked = content.startswith(b"\xd0\xcf\x11\xe0")
        if locked:
            raise BadDocumentError("it is protected by a password", "locked") from error
        raise BadDocumentError("it is broken or not what its ending says") from error
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise BadDocumentError(f"it would unpack to more than {MOST_UNPACKED // 1_000_000} MB", "too_large")
    if any(part.flag_bits & 1 for part in parts):
        raise BadDocumentError("it is protected by a password", "locked")
    return parts


def _rewritten(content: bytes) -> tuple[bytes, bool]:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        gone = {part.filename for part in parts if _is_macro(part.filename)}
        replaced: dict[str, bytes] = {}
        lost: dict[str, set[str]] = {}
        for part in parts:
            if part.filename.endswith(".rels"):
                replaced[part.filename], targets, names = _unlinked(archive.read(part), part.filename)
                gone |= targets
                lost[part.filename] = names
        workbook = lost.get("xl/_rels/workbook.xml.rels")
        if workbook:
            replaced["xl/workbook.xml"] = _without_sheets(archive.read("xl/workbook.xml"), workbook)
        replaced[_KINDS] = _kinds(archive.read(_KINDS), gone)
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as kept:
            for part in parts:
                if part.filename not in gone and not part.is_dir():
                    kept.writestr(part.filename, replaced.get(part.filename) or archive.read(part))
    return made.getvalue(), bool(gone)


def _is_macro(name: str) -> bool:
    return name.lower().endswith(_MACROS)


def _unlinked(content: bytes, name: str) -> tuple[bytes, set[str], set[str]]:
    """A list of relationships without those to macros; the parts that these led to, and their names in it."""
    tree = _tree(content)
    folder = posixpath.dirname(posixpath.dirname(name))
    targets, names = set(), set()
    for one in list(tree):
        target = posixpath.normpath(posixpath.join("/", folder, one.get("Target", ""))).lstrip("/")
        if any(word in one.get("Type", "").lower() for word in _RUNS) or _is_macro(target):
            tree.remove(one)
            names.add(one.get("Id", ""))
            targets |= {target} if one.get("TargetMode") != "External" else set()
    return _bytes(tree), targets, names


def _without_sheets(content: bytes, lost: set[str]) -> bytes:
    """The workbook without the sheets that were macros."""
    tree = _tree(content)
    for one in list(tree.iter("{*}sheet")):
        if one.get(_RELATIONSHIP) in lost:
            one.getparent().remove(one)
    return _bytes(tree)


def _kinds(content: bytes, gone: set[str]) -> bytes:
    tree = _tree(content)
    for one in list(tree):
        if one.get("PartName", "").lstrip("/") in gone:
            tree.remove(one)
    told = _bytes(tree)
    for with_macros, kin in _MAIN.items():
        told = told.replace(with_macros, kin)
    return told


def _tree(content: bytes) -> Any:
    from lxml import etree  # type: ignore[import-untyped]  # noqa: PLC0415 - only files with macros are written anew

    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))


def _bytes(tree: Any) -> bytes:
    from lxml import etree  # noqa: PLC0415 - as above

    return bytes(etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True))
