"""Exact derivatives as programs: equations are written down by symbols, differentiated, and compiled.

Forward differentiation of expressions (Griewank and Walther 2008, Evaluating Derivatives, section 3.1) whose common
parts are computed once and whose zeros and ones are left out. What comes out is straight-line code with no loops.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from math import inf, nan
from typing import Any

import numpy as np

from plansim.core import scalar
from plansim.core import symbolic as s
from plansim.core.dual import Linear
from plansim.core.kernel import Kernel, jit_enabled, lean_kernel
from plansim.core.symbolic import Symbol, Tape

# d of y = word(a, b), by a, b and their own derivatives da, db
SLOPES: dict[str, Callable[..., Any]] = {
    "+": lambda y, a, b, da, db: da + db,
    "-": lambda y, a, b, da, db: da - db,
    "*": lambda y, a, b, da, db: a * db + b * da,
    "/": lambda y, a, b, da, db: (da - y * db) / b,
    "**": lambda y, a, e, da, _: e * a ** (e - 1) * da,
    "negative": lambda y, a, da: -da,
    "abs": lambda y, a, da: s.where(a < 0, -1.0, s.where(a > 0, 1.0, 0.0)) * da,
    "arccos": lambda y, a, da: -da / s.sqrt(1 - a * a),
    "arcsin": lambda y, a, da: da / s.sqrt(1 - a * a),
    "arctan": lambda y, a, da: da / (1 + a * a),
    "arctan2": lambda y, a, b, da, db: (b * da - a * db) / (a * a + b * b),
    "clip": lambda y, a, low, high, da, dl, dh: s.where(a < low, dl, s.where(a > high, dh, da)),
    "cos": lambda y, a, da: -s.sin(a) * da,
    "exp": lambda y, a, da: y * da,
    "log": lambda y, a, da: da / a,
    "sin": lambda y, a, da: s.cos(a) * da,
    "sqrt": lambda y, a, da: 0.5 / y * da,
    "tan": lambda y, a, da: (1 + y * y) * da,
    "tanh": lambda y, a, da: (1 - y * y) * da,
    "where": lambda y, condition, a, b, _, da, db: s.where(condition, da, db),
}


def compiled_jacobian(equations: Callable, by: tuple[str, ...] = ("x",), name: str = "", **sizes: int | None) -> Kernel:
    """The kernel `fill(*arguments, y (k,), J (k, d))` of a function of tuples, with its d derivatives `by` arguments.

    `equations(m)` is the function in the words of a namespace. `sizes` names its arguments in order: how many
    components each has, None where it is one number. Arguments may be arrays or tuples. Where `by` is empty, nothing is
    differentiated, and J stays as it is. `name` tells functions of one name apart.

    >>> def polar(m):
    ...     return lambda x: (x[0] * m.cos(x[1]), x[0] * m.sin(x[1]))
    >>> y, J = np.empty(2), np.empty((2, 2))
    >>> compiled_jacobian(polar, x=2)(np.array([2.0, 0.0]), y, J)
    >>> (J + 0.0).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    return _compiled(equations, by, name, tuple(sizes.items()))


def jacobian(equations: Callable, *arguments: Any, by: tuple[int, ...] = (0,)) -> Linear:
    """Value and derivatives of a function of tuples at arrays (..., n), many at once; plain numbers are one argument.

    The program is the one that `compiled_jacobian` compiles, in numpy: a batch costs little more than one member.
    """
    names = tuple(f"a{i}" for i in range(len(arguments)))
    arrays = [np.asarray(a, float) for a in arguments]
    sizes = tuple((name, a.shape[-1] if a.ndim else None) for name, a in zip(names, arrays, strict=True))
    k, fill = _program(equations, tuple(names[i] for i in by), "", sizes)
    batch = np.broadcast_shapes(*(a.shape[:-1] for a in arrays))
    y, J = np.empty((k, *batch)), np.empty((k, sum(arrays[i].shape[-1] for i in by), *batch))
    with np.errstate(divide="ignore", invalid="ignore"):  # as compiled code does
        fill(np)(*(np.moveaxis(a, -1, 0) if a.ndim else a for a in arrays), y, J)
    return Linear(np.moveaxis(y, 0, -1), np.moveaxis(J, (0, 1), (-2, -1)))


@functools.cache
def _compiled(equations: Callable, by: tuple[str, ...], name: str, sizes: tuple) -> Kernel:
    _, fill = _program(equations, by, name, sizes)
    if jit_enabled():
        return lean_kernel(fill(scalar))
    return lean_kernel(np.errstate(divide="ignore", invalid="ignore")(fill(np)))  # Python's own words raise instead


@functools.cache
def _program(equations: Callable, by: tuple[str, ...], name: str, sizes: tuple) -> tuple[int, Callable]:
    """How many results there are, and what makes `fill` of a namespace."""
    k, text = program_text(equations, by, dict(sizes))
    # machine code is kept by the names of its sources, so each program has its own
    where = f"<{getattr(equations, '__module__', '')}:{getattr(equations, '__qualname__', '')} {name} {sizes} by {by}>"
    made: dict[str, Any] = {"__name__": __name__, "inf": inf, "nan": nan}
    exec(compile(text, where, "exec"), made)
    return k, made["make"]


def program_text(equations: Callable, by: tuple[str, ...], sizes: dict[str, int | None]) -> tuple[int, str]:
    """How many results a function has, and the Python text of `make(m)`, whose `fill` computes them in words of m."""
    tape = Tape()
    arguments = {name: tape.variables(name, size) for name, size in sizes.items()}
    results = tuple(equations(s)(*arguments.values()))
    variables = [v for name in by for v in (arguments[name] if sizes[name] is not None else (arguments[name],))]
    columns = [_along(v, tape, results) for v in variables]
    entries = [(f"y[{i}]", result) for i, result in enumerate(results)]
    entries += [(f"J[{i}, {j}]", column[i]) for j, column in enumerate(columns) for i in range(len(results))]
    body = [f"t{e.order} = {_written(e)}" for e in _needed(entry for _, entry in entries) if e.word != "variable"]
    body += [f"{place} = {_name(entry)}" for place, entry in entries]
    lines = "".join(f"        {line}\n" for line in body or ["pass"])
    return len(results), f"def make(m):\n    def fill({', '.join([*sizes, 'y', 'J'])}):\n{lines}    return fill\n"


def _along(variable: Symbol, tape: Tape, results: tuple) -> list[Any]:
    """The derivatives of the results by one variable."""
    slopes: dict[int, Any] = {variable.order: 1.0}
    for e in _needed(results):
        if e.word in SLOPES:
            moved = [slopes.get(a.order, 0.0) if isinstance(a, Symbol) else 0.0 for a in e.arguments]
            if any(isinstance(d, Symbol) or d != 0 for d in moved):
                slopes[e.order] = SLOPES[e.word](e, *e.arguments, *moved)
    return [slopes.get(r.order, 0.0) if isinstance(r, Symbol) else 0.0 for r in results]


def _needed(results: Iterator[Any] | tuple) -> list[Symbol]:
    """The symbols that the results are made of, each after its arguments."""
    found: dict[int, Symbol] = {}
    waiting = [r for r in results if isinstance(r, Symbol)]
    while waiting:
        e = waiting.pop()
        if e.order not in found:
            found[e.order] = e
            waiting += [a for a in e.arguments if isinstance(a, Symbol)]
    return [found[order] for order in sorted(found)]


def _written(e: Symbol) -> str:
    arguments = [_name(a) for a in e.arguments]
    if e.word == "negative":
        return f"-{arguments[0]}"
    if e.word.isidentifier():
        return f"m.{e.word}({', '.join(arguments)})"
    return f" {e.word} ".join(arguments)


def _name(a: Any) -> str:
    if not isinstance(a, Symbol):
        return f"({a!r})" if a < 0 else repr(a)
    return a.arguments[0] if a.word == "variable" else f"t{a.order}"
