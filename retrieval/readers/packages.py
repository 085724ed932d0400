"""Office packages (OOXML): the relationships between their parts; knows no Word, PowerPoint or Excel."""

from __future__ import annotations

from dataclasses import dataclass

from docqa.errors import UnreadableDocument
from docqa.retrieval.readers.archive import Archive, resolved
from docqa.retrieval.readers.safe_xml import Element, attribute, children, descendants, local, parse


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship of a part: `kind` is the last word of its type ("slide", "styles"), `target` a part's name."""

    id: str
    kind: str
    target: str


def relations(archive: Archive, part: str) -> dict[str, Relation]:
    """The internal relationships of a part by their ids; none when it has none. `part` "" is the package itself."""
    folder, _, name = part.rpartition("/")
    rels = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
    if rels not in archive:
        return {}
    found = {}
    for each in children(parse(archive, rels), "Relationship"):
        key, kind, target = (attribute(each, name) or "" for name in ("Id", "Type", "Target"))
        if attribute(each, "TargetMode") != "External":
            found[key] = Relation(key, kind.rpartition("/")[2], resolved(part, target))
    return found


def related(links: dict[str, Relation], kind: str) -> list[str]:
    """The parts that relationships of one kind lead to, in the file's order."""
    return [link.target for link in links.values() if link.kind == kind]


def main_part(archive: Archive) -> str:
    """The part that the package is about; raises `UnreadableDocument` when it names none."""
    found = related(relations(archive, ""), "officeDocument")
    if not found or found[0] not in archive:
        raise UnreadableDocument(archive.path, "is damaged: the main part of the Office file is missing")
    return found[0]


def related_xml(archive: Archive, links: dict[str, Relation], kind: str) -> Element | None:
    """The first related part of a kind, parsed; None when the package has none."""
    part = next((part for part in related(links, kind) if part in archive), None)
    return parse(archive, part) if part is not None else None


def title(archive: Archive) -> str:
    """The title in the package's properties, "" when there is none."""
    core = related_xml(archive, relations(archive, ""), "core-properties")
    texts = [element.text or "" for element in descendants(core, "title")]
    return " ".join(texts[0].split()) if texts else ""


def relation_id(element: Element) -> str:
    """The relationship that an element refers to: its `r:id`, beside which there may be an `id` of its own."""
    return next((str(value) for key, value in element.items() if str(key).endswith("}id")), "")


def chosen(alternate: Element) -> Element | None:
    """Of `mc:AlternateContent` the one branch to read: both hold the same text, for newer and for older programs."""
    branches = [each for each in alternate if local(each) in ("Choice", "Fallback")]
    return branches[0] if branches else None
