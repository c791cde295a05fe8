from __future__ import annotations

import json
from html.parser import HTMLParser

import fixture_studies as studies

from hpo.reporting import write_report

MARKUP, IMAGE, LINK = studies.MARKUP, studies.IMAGE, studies.LINK


class Document(HTMLParser):
    """The text, the elements and the JSON block of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def figures(self) -> dict:
        return json.loads(self.scripts[0])["figures"]

    def attributes(self, name: str) -> list[str | None]:
        return [found[name] for _tag, found in self.elements if name in found]

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        inside = self._open[-1] if self._open else ""
        if inside == "script":
            self.scripts.append(data)
        elif inside != "style":
            self.words.append(data)


def read(study) -> Document:
    return Document(write_report(study).read_text(encoding="utf-8"))


def anchors(document: Document) -> list[str]:
    return [found["id"] for tag, found in document.elements if tag == "section" and "id" in found]
