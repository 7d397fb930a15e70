"""Type annotations taken apart, and what they ask for in words."""

from __future__ import annotations

import collections.abc
import enum
import os
import types
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np

from plansim.scenario import registry

LISTS = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
MAPPINGS = (dict, collections.abc.Mapping)
_WORDS = {
    int: "an integer",
    float: "a number",
    bool: "true or false",
    str: "text",
    type(None): "null",
    dict: "a mapping",
}


def members(annotation: Any, default: Any = ...) -> list[Any]:
    """The alternatives of an annotation; a default of None allows null, whatever the annotation says."""
    if isinstance(annotation, typing.TypeVar):
        annotation = annotation.__bound__ or Any
    annotation = getattr(annotation, "__supertype__", annotation)  # NewType
    if annotation is None:
        annotation = type(None)
    if get_origin(annotation) in (Union, types.UnionType):
        found = [one for part in get_args(annotation) for one in members(part)]
    else:
        found = [annotation]
    if any(is_path(one) for one in found):  # `str | Path`: a path that is written as text
        found = [one for one in found if one is not str and not (is_path(one) and one is not Path)]
        found = [one for one in found if one is not Path] + [Path]
    return [*found, type(None)] if default is None and type(None) not in found and Any not in found else found


def is_path(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, os.PathLike)


def is_array(annotation: Any) -> bool:
    return (get_origin(annotation) or annotation) is np.ndarray


def is_callable(annotation: Any) -> bool:
    return (get_origin(annotation) or annotation) is collections.abc.Callable


def item_annotations(annotation: Any, count: int) -> list[Any] | None:
    """What each of `count` items of a list must be; None where there must be another number of them."""
    arguments = get_args(annotation)
    if get_origin(annotation) is not tuple:
        return [arguments[0] if arguments else Any] * count
    if len(arguments) == 2 and arguments[1] is ...:
        return [arguments[0]] * count
    return list(arguments) if len(arguments) == count else None


def kind(annotation: Any) -> str | None:
    """The kind of component that is asked for, a list of problems included."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in LISTS and arguments and isinstance(arguments[0], type):
        return registry.KINDS_OF_LISTS.get(registry.address(arguments[0]))
    return registry.kind_of(origin or annotation)


def wanted(annotation: Any) -> str:
    """What an annotation asks for, in words: `an integer`, `a list of 2 numbers`, `'dense' or 'sparse'`."""
    parts = members(annotation)
    if len(parts) > 1:
        return " or ".join(dict.fromkeys(wanted(part) for part in parts))
    (one,) = parts
    origin, arguments = get_origin(one), get_args(one)
    if origin is Annotated:
        return next((words for words in arguments[1:] if isinstance(words, str)), None) or wanted(arguments[0])
    if origin is Literal:
        return " or ".join(repr(value) if isinstance(value, str) else str(value).lower() for value in arguments)
    if kind(one):
        return _article(kind(one) or "")
    if is_array(one):
        return "a list of numbers"
    if is_path(one):
        return "the path of a file"
    if is_callable(one):
        return "a function (module:name)"
    if isinstance(one, type) and issubclass(one, enum.Enum):
        return " or ".join(repr(member.value) for member in one)
    if (origin or one) in LISTS:
        return _list_wanted(origin or one, arguments)
    return _WORDS.get(origin or one) or (_article(one.__name__) if isinstance(one, type) else "another value")


def choices(annotation: Any) -> list[str]:
    """The texts that a literal or an enumeration allows."""
    values: list[Any] = []
    for one in members(annotation):
        if get_origin(one) is Literal:
            values += get_args(one)
        elif isinstance(one, type) and issubclass(one, enum.Enum):
            values += [member.value for member in one]
    return [value for value in values if isinstance(value, str)]


def _list_wanted(origin: Any, arguments: tuple[Any, ...]) -> str:
    if not arguments:
        return "a list"
    items = {wanted(argument).removeprefix("an ").removeprefix("a ") for argument in arguments if argument is not ...}
    fixed = origin is tuple and ... not in arguments
    name = f"{items.pop()}s" if len(items) == 1 else "values"
    return f"a list of {len(arguments)} {name}" if fixed else f"a list of {name}"


def _article(word: str) -> str:
    return word if word == "problems" else f"a{'n' if word[0].lower() in 'aeiou' else ''} {word}"
