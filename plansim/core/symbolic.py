"""The namespace of equations for symbols: what they compute is written down, to be differentiated and compiled.

`equations(symbolic)` of variables on one tape gives expressions; `plansim.core.derivatives` makes a program of them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np

from plansim.core.errors import MalformedInput

__all__ = ["abs", "arccos", "arcsin", "arctan", "arctan2", "clip", "cos", "exp", "log", "pi", "sin", "sqrt", "tan"]
__all__ += ["tanh", "where"]


class Tape:
    """Every expression once, in an order in which it can be computed."""

    def __init__(self) -> None:
        self.symbols: dict[tuple, Symbol] = {}

    def symbol(self, word: str, *arguments: Any) -> Symbol:
        key = word, *((a.order,) if isinstance(a, Symbol) else a for a in arguments)
        return self.symbols.setdefault(key, Symbol(self, len(self.symbols), word, arguments))

    def variables(self, name: str, size: int | None) -> Any:
        """name[0], name[1], ...; the one number called `name` where size is None."""
        if size is None:
            return self.symbol("variable", name)
        return tuple(self.symbol("variable", f"{name}[{i}]") for i in range(size))


class Symbol:
    """An expression: what to do (`word`) with which arguments, symbols or plain numbers."""

    __slots__ = ("arguments", "order", "tape", "word")
    __array_ufunc__ = None  # so that `number of numpy * symbol` asks the symbol

    def __init__(self, tape: Tape, order: int, word: str, arguments: tuple):
        self.tape, self.order, self.word, self.arguments = tape, order, word, arguments

    def __add__(self, other):
        if _is(other, 0.0):
            return self
        return self.tape.symbol("+", *_sorted(self, _plain(other)))

    def __mul__(self, other):
        if _is(other, 0.0):
            return 0.0
        if _is(other, 1.0):
            return self
        return -self if _is(other, -1.0) else self.tape.symbol("*", *_sorted(self, _plain(other)))

    def __neg__(self):
        return self.arguments[0] if self.word == "negative" else self.tape.symbol("negative", self)

    def __sub__(self, other):
        if other is self:
            return 0.0
        return self if _is(other, 0.0) else self.tape.symbol("-", self, _plain(other))

    def __rsub__(self, other):
        return -self if _is(other, 0.0) else self.tape.symbol("-", _plain(other), self)

    def __truediv__(self, other):
        return self if _is(other, 1.0) else self.tape.symbol("/", self, _plain(other))

    def __rtruediv__(self, other):
        return 0.0 if _is(other, 0.0) else self.tape.symbol("/", _plain(other), self)

    def __pow__(self, exponent: float):
        """A plain number as the exponent."""
        if isinstance(exponent, Symbol):
            raise MalformedInput("the exponent of ** must be a plain number; write exp(exponent * log(base))")
        exponent = exponent if type(exponent) is int else float(exponent)
        if exponent == 2:
            return self * self
        if exponent == 0:
            return 1.0
        return self if exponent == 1 else self.tape.symbol("**", self, exponent)

    __radd__, __rmul__ = __add__, __mul__

    def __lt__(self, other):
        return self.tape.symbol("<", self, _plain(other))

    def __le__(self, other):
        return self.tape.symbol("<=", self, _plain(other))

    def __gt__(self, other):
        return self.tape.symbol(">", self, _plain(other))

    def __ge__(self, other):
        return self.tape.symbol(">=", self, _plain(other))

    def __eq__(self, other):
        return self.tape.symbol("==", self, _plain(other))

    def __ne__(self, other):
        return self.tape.symbol("!=", self, _plain(other))

    def __and__(self, other):
        return self.tape.symbol("&", self, other)

    def __or__(self, other):
        return self.tape.symbol("|", self, other)

    def __bool__(self) -> bool:
        raise MalformedInput("equations hold for many states at once, so Python's `if` cannot ask one: use m.where")


def _is(a: Any, number: float) -> bool:
    return not isinstance(a, Symbol) and a == number


def _plain(a: Any) -> Any:
    return a if isinstance(a, Symbol) else float(a)


def _sorted(a: Symbol, b: Any) -> tuple:
    """The same for a + b and b + a."""
    return (a, b) if not isinstance(b, Symbol) or a.order <= b.order else (b, a)


def _apply(word: str, number: Callable[..., Any], *arguments: Any) -> Any:
    tapes = [a.tape for a in arguments if isinstance(a, Symbol)]
    return tapes[0].symbol(word, *map(_plain, arguments)) if tapes else float(number(*arguments))


def _function(word: str) -> Callable[..., Any]:
    return lambda *arguments: _apply(word, getattr(np, word), *arguments)


abs, arccos, arcsin, arctan, arctan2 = map(_function, ("abs", "arccos", "arcsin", "arctan", "arctan2"))
clip, cos, exp, log, sin = map(_function, ("clip", "cos", "exp", "log", "sin"))
sqrt, tan, tanh = map(_function, ("sqrt", "tan", "tanh"))


def where(condition, a, b):
    if a is b or (_is(b, a) if not isinstance(a, Symbol) else False):
        return a
    return _apply("where", np.where, condition, a, b) if isinstance(condition, Symbol) else (a if condition else b)
