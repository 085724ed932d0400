"""XML from files that nobody vouches for: no DTD, no entity, no network, no huge nodes; knows no file format.

The prologue is first read by expat, which stops at the root element: a document type is refused there, before any
parser has seen an entity declaration. What passes is parsed by libxml2 with entities and network off all the same.
Elements are named by their local names throughout: the strict and the transitional variant of Office files, and the
files of careless producers, differ in nothing but the namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

from lxml import etree

from docqa.errors import UnreadableDocument, UnsafeDocument
from docqa.retrieval.readers.archive import Archive, Entry

Element = etree._Element
_PROLOGUE_BYTES = 64 * 1024
# What the standards behind these files allow, and what every parser takes for the same: two parsers that read the
# prologue in different encodings would let a document type slip past the first.
_ENCODINGS = ("utf-8", "utf-16", "us-ascii", "iso-8859-1")


class _RootReachedError(Exception):
    pass


class _DoctypeFoundError(Exception):
    pass


def parse(archive: Archive, name: str, *, allow_doctype: bool = False) -> Element:
    """Parse one entry whole. `allow_doctype` lets a document type pass that declares nothing itself (EPUB 2).

    Raises `UnsafeDocument` for a document type, `UnreadableDocument` for XML that is not well-formed.
    """
    data = archive.read(name)
    _check_prologue(archive, name, data[:_PROLOGUE_BYTES], allow_doctype)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _malformed(archive, name, error) from error
    if root is None:
        raise UnreadableDocument(archive.path, f"is damaged: its part {name} is empty")
    return root


def children_of(archive: Archive, name: str, parents: tuple[str, ...], tags: tuple[str, ...]) -> Iterator[Element]:
    """Stream the children called `tags` of the elements called `parents`; each is cleared when the next is asked for.

    Memory grows with the largest child, not with the part. Raises what `parse` raises.
    """
    with archive.open(name) as entry:
        head = entry.read(_PROLOGUE_BYTES)
        _check_prologue(archive, name, head, allow_doctype=False)
        events = etree.iterparse(
            _Rejoined(head, entry),
            events=("end",),
            tag=[f"{{*}}{tag}" for tag in tags],
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            for _, element in events:
                above = element.getparent()
                if above is None or local(above) not in parents:
                    continue
                yield element
                element.clear(keep_tail=False)
                while element.getprevious() is not None:
                    del above[0]
        except etree.XMLSyntaxError as error:
            raise _malformed(archive, name, error) from error


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def attribute(element: Element | None, name: str) -> str | None:
    """The value of the attribute of that local name, None when there is none, or no element."""
    if element is None:
        return None
    value = element.get(name)
    if value is not None:
        return value
    return next((str(value) for key, value in element.items() if str(key).rpartition("}")[2] == name), None)


def all_text(element: Element) -> str:
    """All text below the element in document order, as it stands."""
    return "".join(map(str, element.itertext()))


def integer(element: Element | None, name: str, default: int = 0) -> int:
    """An attribute as an integer; `default` when it is absent or no number of sane length."""
    value = attribute(element, name)
    if value is None or len(value) > 18:
        return default
    try:
        return int(value)
    except ValueError:
        return default


def child(element: Element | None, *names: str) -> Element | None:
    """Follow a path of child names, the first of each; None where it ends early."""
    for name in names:
        if element is None:
            return None
        element = next((each for each in element if local(each) == name), None)
    return element


def children(element: Element | None, name: str) -> Iterator[Element]:
    """The children of that local name."""
    if element is not None:
        yield from (each for each in element if local(each) == name)


def descendants(element: Element | None, name: str) -> Iterator[Element]:
    """All elements of that local name below `element`, in document order."""
    if element is not None:
        yield from element.iter(f"{{*}}{name}")


def _check_prologue(archive: Archive, name: str, head: bytes, allow_doctype: bool) -> None:
    def on_doctype(_name: str, system: str | None, _public: str | None, has_subset: int) -> None:
        if has_subset or not allow_doctype:
            raise _DoctypeFoundError

    def on_root(_name: str, _attributes: dict[str, str]) -> None:
        raise _RootReachedError

    def on_declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise ValueError(f"unusual encoding {encoding}")

    parser = expat.ParserCreate()
    parser.XmlDeclHandler = on_declaration
    parser.StartDoctypeDeclHandler = on_doctype
    parser.StartElementHandler = on_root
    try:
        parser.Parse(head, False)
    except _RootReachedError:
        return
    except _DoctypeFoundError:
        cause = f"is refused: its part {name} declares a document type (DTD), which can hide XML entity attacks"
        raise UnsafeDocument(archive.path, cause) from None
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise _malformed(archive, name, error) from error
    raise UnreadableDocument(archive.path, f"is damaged: its part {name} holds no XML")


def _malformed(archive: Archive, name: str, error: Exception) -> UnreadableDocument:
    detail = " ".join(str(error).split())[:200]
    return UnreadableDocument(archive.path, f"is damaged: its part {name} is not well-formed XML ({detail})")


class _Rejoined:
    """The bytes already read, then the rest of the entry: what lxml needs of a file."""

    def __init__(self, head: bytes, rest: Entry) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1, /) -> bytes:
        if self._head:
            data, self._head = self._head, b""
            return data
        return self._rest.read(size)
