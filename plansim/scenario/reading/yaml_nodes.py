"""YAML text becomes nodes that remember where they were written.

Whatever could surprise is refused: tags, merge keys, duplicate keys, numbers that are not finite, several documents,
aliases that contain themselves or that expand without measure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml
from yaml.reader import Reader

from plansim.scenario.reading.nodes import DEEPEST, MOST_NODES, REFUSED, Node, describe, shortened
from plansim.scenario.reading.problems import Place, Report, below
from plansim.scenario.reading.yaml_scalars import scalar

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


def parse(text: str, file: str, report: Report, numbered: bool = True) -> Node | None:
    """The one document in a text; None, with the reason in the report, where it is not YAML.

    numbered: whether a place has a line; that of a command line argument has none.
    """
    source = _Source(file, text, numbered)
    bad = Reader.NON_PRINTABLE.search(text)
    if bad:
        report.add(source.offset(bad.start()), "", f"the character U+{ord(bad.group()):04X} is not allowed in YAML")
        return None
    try:
        return _Composer(text, source, report).document()
    except yaml.MarkedYAMLError as error:
        report.add(source.syntax(error), "", _sentence(error))
    except yaml.YAMLError as error:
        report.add(source.at(0, 0), "", f"this is not YAML: {error}")
    except _Abandoned:
        pass
    return None


class _Abandoned(Exception):
    """The rest of the document is not worth reading; the report says why."""


class _Source:
    """A text that knows its places."""

    def __init__(self, file: str, text: str, numbered: bool) -> None:
        self.file = file
        self.text = text
        self.lines = _LINE_BREAK.split(text)
        self.numbered = numbered

    def at(self, line: int, column: int) -> Place:
        if not self.numbered:
            return Place(self.file)
        line = min(line, len(self.lines) - 1)
        return Place(self.file, line + 1, min(column, len(self.lines[line])) + 1, self.lines[line])

    def mark(self, mark: Any) -> Place:
        return self.at(mark.line, mark.column)

    def offset(self, characters: int) -> Place:
        before = _LINE_BREAK.split(self.text[:characters])
        return self.at(len(before) - 1, len(before[-1]))

    def syntax(self, error: yaml.MarkedYAMLError) -> Place:
        """Where a syntax error stands; one found at the end of the text stands where the unfinished part began."""
        mark = error.problem_mark or error.context_mark
        at_end = mark is not None and not any(line.strip() for line in self.lines[mark.line :])
        mark = (error.context_mark or mark) if at_end else mark
        return self.mark(mark) if mark is not None else self.at(0, 0)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "this is not YAML"
    if "cannot start any token" in problem:
        return "this character cannot begin a value (YAML is indented with spaces, not with tabs)"
    if "block scalar" in (error.context or ""):
        return "a value that begins with > or | must stand in quotes: '>= 0.95'"
    return f"{problem} ({error.context})" if error.context else problem


class _Composer:
    """Events become nodes. Recursion is bounded, and an alias costs what it expands to."""

    def __init__(self, text: str, source: _Source, report: Report) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.events: Iterator[Any] = yaml.parse(text, Loader=loader)
        self.source = source
        self.report = report
        self.anchors: dict[str, tuple[Node, int] | None] = {}  # None while the anchored value is being read
        self.count = 0

    def document(self) -> Node:
        next(self.events)  # the stream begins
        if isinstance(next(self.events), yaml.StreamEndEvent):
            self.abandon(self.source.at(0, 0), "", "the file is empty")
        root = self.node(next(self.events), "", 0)
        next(self.events)  # the document ends
        after = next(self.events)
        if isinstance(after, yaml.DocumentStartEvent):
            self.abandon(self.source.mark(after.start_mark), "", "a scenario is one document; a second one begins here")
        return root

    def node(self, event: Any, path: str, depth: int) -> Node:
        place = self.source.mark(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event.anchor, place, path)
        before = self.count
        self.spend(1, place, path)
        if depth > DEEPEST:
            self.abandon(place, path, f"nested more than {DEEPEST} deep")
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        node = self.content(event, place, path, depth)
        if event.tag is not None:
            self.report.add(place, path, f"tags are refused (found {shortened(event.tag)}): write the plain value")
            node = Node(REFUSED, place)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, self.count - before)
        return node

    def alias(self, anchor: Any, place: Place, path: str) -> Node:
        if anchor not in self.anchors:
            self.report.add(place, path, f"no value above is named &{anchor}")
            return Node(REFUSED, place)
        anchored = self.anchors[anchor]
        if anchored is None:
            self.report.add(place, path, f"*{anchor} stands inside the value that it names")
            return Node(REFUSED, place)
        node, size = anchored
        self.spend(size, place, path)
        return node

    def content(self, event: Any, place: Place, path: str, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, place, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(place, path, depth)
        items: list[Node] = []
        while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(item, below(path, len(items)), depth + 1))
        return Node(items, place)

    def mapping(self, place: Place, path: str, depth: int) -> Node:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            merge = isinstance(event, yaml.ScalarEvent) and event.value == "<<" and not event.style
            key = self.node(event, path, depth + 1)
            inner = below(path, key.value) if isinstance(key.value, str) else path
            value = self.node(next(self.events), inner, depth + 1)
            if merge:
                self.report.add(key.place, path, "merge keys (<<) are not part of YAML 1.2: write the entries out")
            elif not isinstance(key.value, str):
                if key.value is not REFUSED:
                    self.report.add(key.place, path, f"a key must be text, found {describe(key)}")
            elif key.value in entries:
                self.report.add(key.place, inner, f"the key stands here twice, first in line {keys[key.value].line}")
            else:
                entries[key.value], keys[key.value] = value, key.place
        return Node(entries, place, keys)

    def scalar(self, event: Any, place: Place, path: str) -> Node:
        value = event.value if event.style else scalar(event.value)
        if value is REFUSED:
            self.report.add(place, path, f"numbers must be finite and fit 64 bits, found {shortened(event.value)}")
        elif isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
            self.report.add(place, path, "the text holds half of a surrogate pair")
            value = REFUSED
        return Node(value, place)

    def spend(self, nodes: int, place: Place, path: str) -> None:
        self.count += nodes
        if self.count > MOST_NODES:
            self.abandon(place, path, f"with its aliases written out, the file has more than {MOST_NODES:,} values")

    def abandon(self, place: Place, path: str, message: str) -> NoReturn:
        self.report.add(place, path, message)
        raise _Abandoned
