"""YAML 1.2's core schema with places, and everything else refused with a sentence."""

import math

import pytest
import yaml

from plansim.scenario.reading.nodes import plain
from plansim.scenario.reading.problems import Report
from plansim.scenario.reading.yaml_nodes import parse


def read(text):
    report = Report()
    node = parse(text, "x.yaml", report)
    return node, [(p.line, p.column, p.path, p.message) for p in report.problems]


@pytest.fixture(params=["C", "Python"])
def parser(request, monkeypatch):
    """Both of PyYAML's parsers, for a machine may have only the slow one."""
    if request.param == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    return request.param


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1e-3", 1e-3), ("1E5", 1e5), ("-.5", -0.5), ("5.", 5.0), ("+1.5e+2", 150.0), ("6", 6), ("-0", 0)],
        *[("0o17", 15), ("0x1F", 31), ("017", 17), ("1_000", "1_000"), ("0b1", "0b1"), ("12:30", "12:30")],
        *[("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("true", True), ("FALSE", False)],
        *[("~", None), ("null", None), ("Null", None), ("", None), ("nil", "nil"), ("'1'", "1"), ('"true"', "true")],
        *[
            ("2001-12-14", "2001-12-14"),
            ("=", "="),
            ("1e", "1e"),
            (".", "."),
            ("+", "+"),
            ("0x", "0x"),
            ("trUe", "trUe"),
        ],
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text, value, parser):
    node, problems = read(f"key: {text}")
    found = plain(node)["key"]
    assert problems == []
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", ".NaN", "1e999", "9" * 30, "9" * 5000, "0x" + "f" * 17])
def test_a_number_must_be_finite_and_fit(text, parser):
    _, [(line, column, path, message)] = read(f"a: 1\nb: {text}")
    assert (line, column, path) == (2, 4, "b")
    assert "finite" in message


def test_every_value_knows_its_line_and_column(parser):
    node, _ = read("a: 1\nlist:\n  - x\n  - {deep: 2}\n")
    assert node.keys["list"][1:3] == (2, 1)
    assert node.value["list"].value[0].place[1:] == (3, 5, "  - x")
    deep = node.value["list"].value[1]
    assert deep.value["deep"].place[1:3] == (4, 12)
    assert deep.keys["deep"][1:3] == (4, 6)


REFUSED = {
    "duplicate key": ("a: 1\nb: 2\na: 3\n", 3, 1, "twice, first in line 1"),
    "nested duplicate": ("a: {b: 1, c: 2, b: 3}", 1, 17, "twice"),
    "python tag": ("a: !!python/object/apply:os.system ['true']", 1, 4, "tags are refused"),
    "own tag": ("a: !mine 3", 1, 4, "tags are refused"),
    "harmless tag": ("a: !!str 3", 1, 4, "tags are refused"),
    "merge key": ("a: &a {x: 1}\nb:\n  <<: *a\n", 3, 3, "merge keys"),
    "number as key": ("a: 1\n2: b\n", 2, 1, "a key must be text, found 2"),
    "list as key": ("? [1, 2]\n: b\n", 1, 3, "a key must be text, found a list"),
    "unknown alias": ("a: *b", 1, 4, "no value above is named &b"),
    "cyclic alias": ("a: &a [1, *a]", 1, 11, "stands inside the value that it names"),
    "empty": ("", 1, 1, "empty"),
    "comments only": ("# nothing\n", 1, 1, "empty"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, 1, "one document"),
    "tab": ("a:\n\tb: 1\n", 2, 1, "not with tabs"),
    "open bracket": ("a: 1\nb: [1, 2\n", 2, 4, "flow sequence"),
    "open quote": ("a: 'x\nb: 2\n", 1, 4, "quoted scalar"),
    "control character": ("a: 1\nb: x\x07\n", 2, 5, "U+0007"),
    "nul": ("a: é\nb: \0", 2, 4, "U+0000"),
    "colon in text": ("a: b: c", 1, 5, "mapping values are not allowed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_could_surprise_is_refused_where_it_stands(case, parser):
    text, line, column, message = REFUSED[case]
    _, problems = read(text)
    assert any((p[0], p[1]) == (line, column) and message in p[3] for p in problems), problems


def test_half_a_surrogate_pair_is_refused(parser):
    assert read('a: "\\ud800"')[1]


def test_aliases_that_expand_without_measure_are_refused(parser):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    node, [(*_, message)] = read(bomb)
    assert node is None
    assert "100,000" in message


@pytest.mark.parametrize("text", ["[" * 2000 + "]" * 2000, "{a: " * 500 + "}" * 500, "- " * 3000 + "x", "[" * 100_000])
def test_deep_nesting_ends_in_a_sentence_and_not_in_a_stack_overflow(text, parser):
    node, problems = read(text)
    assert node is None
    assert len(problems) == 1


def test_an_anchor_and_its_aliases_are_one_node(parser):
    node, _ = read("a: &x {y: 1}\nb: *x\nc: [*x, *x]")
    assert node.value["a"] is node.value["b"] is node.value["c"].value[1]


def test_an_anchor_may_be_set_again_as_yaml_1_2_allows(parser):
    assert plain(read("a: &x 1\nb: *x\nc: &x 2\nd: *x")[0]) == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_the_good_parts_mean_what_pyyaml_says_they_mean(parser):
    text = "a: |\n  two\n  lines\nb: >-\n  folded\n  text\nc: [1, 2.5, {d: x}]\n'e f': \"\\u00e9\\n\"\n"
    assert plain(read(text)[0]) == yaml.safe_load(text)


def test_numbers_print_and_parse_to_themselves():
    for value in (1e-7, 1e22, -0.1, 123456789.123, 2.0**60, math.pi):
        assert plain(read(f"x: {value!r}")[0]) == {"x": value}
