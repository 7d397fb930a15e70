"""Kernels compile lazily, agree with the Python that they are written as, and are never stale."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from plansim.core import scalar
from plansim.core.kernel import Kernel, jit_enabled, kernel
from plansim.core.layout import wrap_angle

compiled_only = pytest.mark.skipif(not jit_enabled(), reason="NUMBA_DISABLE_JIT is set")


@kernel
def _square(x):
    return x * x


@kernel
def _sum_of_squares(values):
    total = 0.0
    for i in range(values.shape[0]):
        total += _square(values[i])
    return total


def _run(folder, code, **environment):
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_kernel_calls_a_kernel_and_agrees_with_its_own_python():
    values = np.arange(5.0)
    assert _sum_of_squares(values) == _sum_of_squares.function(values) == 30.0


def test_marking_a_kernel_twice_is_marking_it_once():
    fresh = kernel(lambda x: x + 1.0)
    assert isinstance(fresh, Kernel)
    assert kernel(fresh) is fresh


def test_a_kernel_keeps_its_names_after_a_caller_has_compiled_it():
    _sum_of_squares(np.ones(1))
    assert kernel(_square) is _square
    assert _square(2.0) == _square.compiled(2.0) == _square.function(2.0) == 4.0


def test_declaring_a_kernel_does_not_load_numba(tmp_path):
    code = "import sys; import plansim.core.random, plansim.models.vehicle; print('numba' in sys.modules)"
    assert _run(tmp_path, code) == ["False"]


def test_without_jit_everything_runs_as_plain_python(tmp_path):
    code = (
        "import sys, numpy as np; from plansim.core.random import stream, fill_normal; a = np.empty(3);"
        "fill_normal(stream(1), a); print(a[0], 'numba' in sys.modules)"
    )
    plain = _run(tmp_path, code, NUMBA_DISABLE_JIT="1")
    compiled = _run(tmp_path, code)
    assert plain == [compiled[0], "False"]


FACTORY = """
from plansim.core.kernel import kernel
def around(f):
    inner = kernel(f)
    @kernel
    def twice(x):
        return inner(inner(x))
    return twice
"""
USER = """
from factory import around
from numbers_ import OFFSET
def rate(x): return x + OFFSET
one = around(rate)
def rate(x): return x * 10.0
other = around(rate)
def rate(x): return x * 3.0
third = around(rate)
"""


@compiled_only
def test_an_edit_of_any_file_that_a_kernel_depends_on_recompiles_it(tmp_path):
    (tmp_path / "factory.py").write_text(FACTORY)
    (tmp_path / "user.py").write_text(USER)
    code = "import user; print(user.one(1.0), user.other(1.0), user.third(1.0))"
    (tmp_path / "numbers_.py").write_text("OFFSET = 1.0\n")
    # functions of one name through one factory: none must be handed another one's machine code
    assert _run(tmp_path, code) == ["3.0", "100.0", "9.0"]
    assert _run(tmp_path, code) == ["3.0", "100.0", "9.0"]
    (tmp_path / "numbers_.py").write_text("OFFSET = 2.0\n")
    assert _run(tmp_path, code) == ["5.0", "100.0", "9.0"]
    (tmp_path / "user.py").write_text(USER.replace("10.0", "20.0"))
    assert _run(tmp_path, code) == ["5.0", "400.0", "9.0"]


@compiled_only
def test_a_second_process_finds_the_machine_code_of_the_first(tmp_path):
    (tmp_path / "leaf.py").write_text("from plansim.core.kernel import kernel\n@kernel\ndef f(x): return x + 1.0\n")
    code = "import leaf; leaf.f(1.0); print(sum(leaf.f.compiled.stats.cache_hits.values()))"
    assert _run(tmp_path, code) == ["0"]
    assert _run(tmp_path, code) == ["1"]


@compiled_only
def test_kernels_of_one_factory_for_several_sizes_keep_their_machine_code_side_by_side(tmp_path):
    text = """
        from plansim.core.kernel import kernel
        def scaled(size):
            @kernel
            def inner(x): return x * size
            @kernel
            def outer(x): return inner(x) + 1.0
            return outer
    """
    (tmp_path / "sizes.py").write_text(textwrap.dedent(text))
    code = "import sizes; all = [sizes.scaled(n) for n in (2, 3)]; print(*(f(1.0) for f in all)); "
    code += "print(*(sum(f.compiled.stats.cache_hits.values()) for f in all))"
    assert _run(tmp_path, code) == ["3.0", "4.0", "0", "0"]
    assert _run(tmp_path, code) == ["3.0", "4.0", "1", "1"]


LONG = """
from math import exp, sin

import numpy as np

from plansim.core.kernel import kernel

def scaled(size):
    @kernel
    def inner(x):  # too long to be inlined
        s = 0.0
        for i in range(size):
            s += x[i] * size
LINES
        return s

    @kernel
    def outer(x):
        return inner(x) + 0.0 * inner(x[::1]) * inner(x)

    return outer

@kernel
def summed(row):
    s, x = 0.0, row["x"]
    for i in range(x.shape[0]):
        s += x[i]
LINES
    return s

@kernel
def total(state):
    return summed(state[0]) + 0.0 * summed(state[1]) * summed(state[0])

def of_size(size):
    rows = np.zeros(2, [("steps", "i8"), ("x", "f8", (size,))])
    rows["x"] = 1.0
    return scaled(size)(np.ones(9)), total(rows)
"""


@compiled_only
def test_machine_code_of_several_processes_is_never_run_in_place_of_another(tmp_path):
    lines = "".join(f"        s += 0.0 * exp(sin(x[0] * {i}.0))\n" for i in range(60))
    text = LONG.replace("LINES\n", lines, 1).replace("LINES\n", textwrap.indent(textwrap.dedent(lines), "    "))
    (tmp_path / "long.py").write_text(text)
    for size in (2, 3):  # each in a process that counts from the beginning
        assert _run(tmp_path, f"import long; print(*long.of_size({size}))") == [f"{size * size:.1f}", f"{size:.1f}"]
    both = _run(tmp_path, "import long; print(*long.of_size(2), *long.of_size(3))")
    assert both == ["4.0", "2.0", "9.0", "3.0"]


@compiled_only
@pytest.mark.parametrize("damage", ["moved", "cut short"])
def test_machine_code_that_cannot_be_read_back_is_compiled_again(tmp_path, damage):
    """A type of its arguments lies in another module now, while the kernel itself is as it was."""
    place = "from typing import NamedTuple\nclass Place(NamedTuple):\n    x: float\n"
    (tmp_path / "here.py").write_text(place)
    (tmp_path / "doubles.py").write_text(
        "from plansim.core.kernel import kernel\n@kernel\ndef double(place):\n    return 2.0 * place.x\n"
    )
    code = "from doubles import double; from {} import Place; print(double(Place(21.0)))"
    assert _run(tmp_path, code.format("here")) == ["42.0"]
    if damage == "moved":
        (tmp_path / "here.py").rename(tmp_path / "there.py")
        assert _run(tmp_path, code.format("there")) == ["42.0"]
    else:
        for file in tmp_path.glob("**/*.nb*"):
            file.write_bytes(file.read_bytes()[:-40])
        assert _run(tmp_path, code.format("here")) == ["42.0"]


@compiled_only
def test_an_array_that_a_kernel_reads_belongs_to_what_it_is(tmp_path):
    leaf = "from tables import TABLE\nfrom plansim.core.kernel import kernel\n@kernel\ndef f(i): return TABLE[i]\n"
    (tmp_path / "leaf.py").write_text(leaf)
    for number in (5.0, 70.0):  # of other length: Python tells edits by the second and the size
        (tmp_path / "tables.py").write_text(f"import numpy as np\nTABLE = np.array([1.0, {number}])\n")
        assert _run(tmp_path, "import leaf; print(leaf.f(1))") == [str(number)]


@compiled_only
def test_a_file_that_is_edited_before_its_kernel_compiles_leaves_no_stale_code(tmp_path):
    text = "from plansim.core.kernel import kernel\n@kernel\ndef f(x): return x + 1.0\n"
    edited = text.replace("1.0", "20.5")
    (tmp_path / "leaf.py").write_text(text)
    edit = f"import leaf, pathlib; pathlib.Path('leaf.py').write_text({edited!r}); print(leaf.f(1.0))"
    assert _run(tmp_path, edit) == ["2.0"]
    assert _run(tmp_path, "import leaf; print(leaf.f(1.0))") == ["21.5"]


def test_scalar_words_are_numpy_words():
    for name in scalar.__all__:
        if name in ("pi", "where", "clip"):
            continue
        arguments = (0.3, -0.4) if name == "arctan2" else (0.3,)
        assert getattr(scalar, name)(*arguments) == pytest.approx(getattr(np, name)(*arguments), abs=1e-15)
    assert scalar.clip(3.0, -1.0, 1.0) == 1.0
    assert scalar.where(True, 1.0, 2.0) == 1.0


def test_the_compiled_wrap_is_the_layouts_to_the_bit():
    angles = np.concatenate([np.linspace(-20, 20, 999), np.pi * np.arange(-4, 5)])
    assert [scalar.wrap_angle(a) for a in angles] == wrap_angle(angles).tolist()


def test_without_compilation_an_overflow_does_not_warn_either(tmp_path):
    folder, root = os.path.split(__file__)[0], os.getcwd()
    code = f"import sys; sys.path[:0] = [{root!r}, {folder!r}]; import numpy as np, test_kernel as t; "
    code += "print(t._sum_of_squares(np.array([1e200])))"
    for disabled in "01":
        assert _run(tmp_path, code, NUMBA_DISABLE_JIT=disabled, PYTHONWARNINGS="error::RuntimeWarning") == ["inf"]
