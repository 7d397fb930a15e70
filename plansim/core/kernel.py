"""Compiled kernels: plain functions until their first call, then machine code that is kept between runs.

`@kernel` costs nothing at import: numba is loaded when a kernel first runs. A kernel may call kernels of any file and
read numbers and arrays of any file; its cache entry is keyed by the *contents* of all of them, as they are in memory,
so that an edit anywhere recompiles what depends on it and nothing else. With `NUMBA_DISABLE_JIT=1` every kernel runs as
the plain Python function that it is written as.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import pickle
import secrets
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_COMPILE_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
UNREADABLE = (ImportError, AttributeError, EOFError, pickle.UnpicklingError)
_FIXED = (bool, int, float, complex, str, tuple)


class Kernel:
    """A function over arrays and numbers that compiles itself on its first call."""

    def __init__(self, function: Callable[..., Any], allocates: bool = True, inlined: bool = False):
        functools.update_wrapper(self, function)
        self.function, self.allocates, self.inlined = function, allocates, inlined
        self._compiled: Callable[..., Any] | None = None

    def __call__(self, *args):
        return (self._compiled or self.compiled)(*args)

    @property
    def compiled(self) -> Callable[..., Any]:
        """The compiled function itself, for calls that count every microsecond."""
        if self._compiled is None:
            self._compiled = _compile(self)
        return self._compiled


def kernel(function: Any) -> Kernel:
    """Marks a function of arrays and numbers as compiled: no objects, no keywords, no Python containers."""
    return function if hasattr(function, "compiled") else Kernel(function)


def lean_kernel(function: Any) -> Kernel:
    """A kernel that makes no arrays, only views: up to three times as fast where it takes many and does little.

    numba counts references to every array that a function touches, by locked instructions, unless it may not allocate.
    A kernel that calls one that is not lean is none the leaner for its name.
    """
    return function if hasattr(function, "compiled") else Kernel(function, allocates=False)


def inlined_kernel(function: Any) -> Kernel:
    """A lean kernel that becomes a part of its callers: one that only hands on many arrays takes longer over that."""
    return function if hasattr(function, "compiled") else Kernel(function, allocates=False, inlined=True)


def jit_enabled() -> bool:
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


def _compile(k: Kernel) -> Callable[..., Any]:
    if not jit_enabled():
        return np.errstate(all="ignore")(k.function)  # machine code does not warn of infinities either
    import numba

    _name_symbols()
    for owner, name, callee in list(_called_kernels(k.function)):
        _rebind(owner, name, callee.compiled)
    # what calls a kernel that allocates must be allowed to
    allocates = k.allocates or any(getattr(value, "allocates", False) for _, _, value in _references(k.function))
    options = {**_COMPILE_OPTIONS, "forceinline": k.inlined} | ({} if allocates else {"_nrt": False})
    dispatcher = numba.njit(**options)(k.function)
    # a caller's compilation puts this in the kernel's place, so it answers to the same names
    dispatcher.function, dispatcher.compiled, dispatcher.allocates = k.function, dispatcher, allocates
    compiled_how = f"{k.function.__qualname__} allocates, inlined", repr((allocates, k.inlined))
    dispatcher.plansim_sources = _sources(k.function) | {compiled_how}
    cache = _content_cache(k.function, dispatcher.plansim_sources)
    if cache is not None:
        dispatcher._cache = cache
    return dispatcher


@functools.cache
def _name_symbols() -> None:
    """Gives machine code names that no other process gives.

    numba names it by counters that begin anew in each process, so code that is read back may have the name of code from
    another process, and the linker then takes the one that was there first: another size's, another record's.
    """
    from numba.core.bytecode import FunctionIdentity
    from numba.core.types import Record

    FunctionIdentity._unique_ids = itertools.count(secrets.randbits(60))
    Record.mangling_args = property(lambda self: ("Record", (_digest(self.name.encode())[:16],)))  # type: ignore


# --- what a kernel refers to -------------------------------------------------------------------------------


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _references(function: Callable[..., Any]) -> Iterator[tuple[Any, str, Any]]:
    """(owner, name, value) of every global, closure cell and module attribute that the body names."""
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    found: list[tuple[Any, str, Any]]
    found = [(function.__globals__, name, function.__globals__[name]) for name in names if name in function.__globals__]
    found += [(cell, name, cell.cell_contents) for name, cell in cells]
    yield from found
    for _, _, module in found:
        if isinstance(module, types.ModuleType) and module.__name__ not in ("math", "numpy"):
            yield from ((module, name, getattr(module, name)) for name in names if hasattr(module, name))


def _called_kernels(function: Callable[..., Any]) -> Iterator[tuple[Any, str, Kernel]]:
    return ((owner, name, value) for owner, name, value in _references(function) if isinstance(value, Kernel))


def _rebind(owner: Any, name: str, value: Any) -> None:
    # numba freezes globals and closure cells as it finds them, so they must hold compiled functions by then
    if isinstance(owner, dict):
        owner[name] = value
    elif isinstance(owner, types.CellType):
        owner.cell_contents = value
    else:
        setattr(owner, name, value)


def _sources(function: Callable[..., Any]) -> frozenset[tuple[str, str]]:
    """What the machine code depends on: (function, digest of its code) and (name, value) of what numba freezes."""
    code = function.__code__
    # the line keeps two functions of one name apart, where a factory builds the same kernel around each of them; the
    # module is imported when machine code is read back, and must be there under the name that it was written with
    name = f"{function.__module__}:{code.co_filename}:{code.co_firstlineno}:{code.co_qualname}"
    # the code in memory, not the file: that may have been edited since it was imported
    parts = [
        (c.co_code, c.co_names, c.co_varnames, [k for k in c.co_consts if not isinstance(k, types.CodeType)])
        for c in _codes(code)
    ]
    found = {(name, _digest(repr((parts, function.__defaults__)).encode()))}
    for owner, name, value in _references(function):
        if hasattr(value, "plansim_sources"):
            found |= value.plansim_sources
        elif isinstance(value, _FIXED):
            # a factory makes one kernel for each size that it is given: each has files of its own
            given = isinstance(owner, types.CellType)
            found.add((f"{name}={value!r}" if given else name, repr(value)))
        elif hasattr(value, "tobytes") and hasattr(value, "dtype"):  # an array, or one of numpy's numbers
            found.add((name, f"{value.dtype} {value.shape} {_digest(value.tobytes())}"))
    return frozenset(found)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _content_cache(function: Callable[..., Any], sources: frozenset[tuple[str, str]]) -> Any:
    """numba's file cache, stamped with the contents of every source; None where numba offers no such cache."""
    try:
        from numba.core.caching import FunctionCache, IndexDataCacheFile
    except ImportError:
        return None

    stamp = _digest(repr((_name_symbols.__name__, sorted(sources))).encode())  # older code has names that meet
    # closures of one factory share a name: their files keep them apart, their contents tell when they are stale
    files = _digest(repr(sorted(name for name, _ in sources)).encode())[:12]

    class Files(IndexDataCacheFile):
        """What cannot be read, since a type of its arguments has moved to another module, say, is compiled again."""

        def _load_index(self):
            try:
                return super()._load_index()
            except UNREADABLE:
                return {}

        def save(self, key, data):
            """By a name of its own, before the index: processes that write at once leave each other's code alone."""
            name = f"{self._index_name.removesuffix('.nbi')}.{_digest(repr(key).encode())[:12]}.nbc"
            self._save_data(name, data)
            self._save_index({**self._load_index(), key: name})

        def load(self, key):
            try:
                return super().load(key)
            except UNREADABLE:
                return None

    class ContentCache(FunctionCache):
        def __init__(self) -> None:
            super().__init__(function)
            self._cache_file = Files(
                cache_path=self._cache_path,
                filename_base=f"{self._impl.filename_base}-{files}",
                source_stamp=stamp,
            )

        def _index_key(self, sig, codegen):
            return sig, codegen.magic_tuple(), stamp

    try:
        return ContentCache()
    except (RuntimeError, AttributeError):  # no writable place, or another numba: compile in each process
        return None
