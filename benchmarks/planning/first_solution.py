"""The first path: RRT-Connect of plansim beside OMPL's, in rectangle worlds and on real maps, with the same checkers.

`pip install ompl` for the peer. OMPL is asked three ways: states by a checker in Python, states by a compiled checker,
motions by plansim's exact compiled test. Our paths are held against an exact test; states one per cent of the space
apart miss thin walls. VAMP has no wheel: its figure for the rectangle worlds (0.048 ms, SIMD C++) is quoted.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import numpy as np
from ompl import base, geometric, util

from benchmarks.record import record
from plansim.core.kernel import kernel
from plansim.core.map_files import read_movingai_map, read_ros_map
from plansim.core.shapes import Shapes
from plansim.planning.base import Problem
from plansim.planning.grid.search import search_grid
from plansim.planning.grid.space import GridSpace, neighbours_of
from plansim.planning.sampling.rrt_connect import RRTConnect
from plansim.planning.sampling.task import space_of
from plansim.planning.spaces.box import BoxSpace
from tests.conftest import data_folder
from tests.planning.sampling.worlds import metres_inside, rectangle_problems

VAMP = 0.048  # ms
SEEDS = 20


def main() -> None:
    folder = data_folder()
    if folder is None:
        sys.exit("the worlds are absent: set PLANSIM_DATA to the folder that holds refs/ and movingai/")
    util.setLogLevel(util.LOG_NONE)
    problems = rectangle_problems(folder)[0]
    rows = [rectangles(problems)]
    for name in ("bg512/AR0300SR", "dao/brc202d", "cities/Berlin_0_1024"):
        grid = read_movingai_map(folder / "movingai" / f"{name}.map")
        rows.append(on_a_map(name, GridSpace(grid)))
    rows.append(on_a_map("ros/depot", GridSpace(read_ros_map(folder / "ros" / "depot.yaml"))))
    rows += [users_checker(problems, kind) for kind in USERS]
    note = (
        f"Median ms over problems and {SEEDS} seeds; × how many times longer OMPL takes. All paths are free by an "
        "exact test, but for OMPL's by states, which pass through thin walls. VAMP's figure is quoted, not measured."
    )
    record("First path of RRT-Connect", "python benchmarks/planning/first_solution.py", rows, note)


def ours_on(problem: Problem, seed: int) -> np.ndarray:
    return RRTConnect().plan(problem, rng=np.random.default_rng(seed)).states


def rectangles(problems: list[Problem]) -> dict[str, object]:
    ours = timed(ours_on, problems, exact=True)
    peers = {
        IN_PYTHON: lambda p: states_in_python(p.space.world),
        COMPILED: lambda p: states_compiled(p.space.world),
        "OMPL, motions": lambda p: exact_motions(p.space),
    }
    return row("rectangles", ours, problems, peers) | {"× VAMP (quoted)": VAMP / ours}


def on_a_map(name: str, space: GridSpace) -> dict[str, object]:
    """The longest of 60 problems between random free cells."""
    rng, found = np.random.default_rng(0), []
    neighbours, free = neighbours_of(~space.blocked), np.argwhere(~space.blocked)
    for ends in rng.integers(len(free), size=(60, 2)):
        a, b = (tuple(map(int, free[i])) for i in ends)
        cost = search_grid(neighbours, a, b).cost
        if np.isfinite(cost):
            found.append((cost, Problem(space, space.grid.points(np.array(a)), space.grid.points(np.array(b)))))
    problems = [problem for _, problem in sorted(found, key=lambda pair: -pair[0])[:5]]
    ours = timed(ours_on, problems, seeds=5)
    peers = {
        IN_PYTHON: lambda p: {"states": cells_in_python(p.space)},
        "OMPL, motions": lambda p: exact_motions(space_of(p.space)),
    }
    return row(name, ours, problems, peers, seeds=5)


def cells_in_python(space: GridSpace):
    blocked, (x, y, _), side = space.blocked.tolist(), space.grid.origin.tolist(), space.grid.resolution
    rows, columns = space.blocked.shape

    def free(state) -> bool:
        row, column = int((state[1] - y) / side), int((state[0] - x) / side)
        return row < rows and column < columns and not blocked[row][column]

    return free


def users_checker(problems: list[Problem], kind: str) -> dict[str, object]:
    """The same function on both sides: of one state, by a loop over boxes, in Python or compiled; of many, by numpy."""
    few = problems[::6]
    ask, peers = USERS[kind]
    empty = [Problem(BoxSpace(Shapes(p.space.low, p.space.high)), p.start, p.goal, ask(p)) for p in few]
    return row(f"a user's checker, {kind}", timed(ours_on, empty), few, peers)


def in_arrays(problem: Problem):
    low, high = problem.space.world.boxes[:, 0], problem.space.world.boxes[:, 1]
    return lambda x: ~((low < x[..., None, :]) & (x[..., None, :] < high)).all(-1).any(-1)


def one_of_many(is_free):
    return lambda state: bool(is_free(np.array([state[0], state[1]])))


def one_by_one(problem: Problem):
    free = checker_in_python(problem.space.world)
    return lambda states: np.array([free(x) for x in states.tolist()])


def compiled_by_user(problem: Problem):
    """The boxes are frozen into the function, so each problem compiles its own; `timed` calls once before it times."""
    boxes = np.array(problem.space.world.boxes)

    @kernel
    def is_free(states):
        out = np.empty(states.shape[0], np.bool_)
        for i in range(states.shape[0]):
            out[i] = free_of(boxes, states[i, 0], states[i, 1])
        return out

    return is_free


IN_PYTHON, COMPILED = "OMPL, Python states", "OMPL, compiled states"
USERS = {
    "Python loop": (one_by_one, {IN_PYTHON: lambda p: states_in_python(p.space.world)}),
    "numpy": (in_arrays, {IN_PYTHON: lambda p: {"states": one_of_many(in_arrays(p))}}),
    "compiled": (
        compiled_by_user,
        {IN_PYTHON: lambda p: states_in_python(p.space.world), COMPILED: lambda p: states_compiled(p.space.world)},
    ),
}


def row(name: str, ours: float, problems: list[Problem], peers: dict, seeds: int = SEEDS) -> dict[str, object]:
    found: dict[str, object] = {"world": name, "plansim": ours}
    for peer, make in peers.items():
        milliseconds, solved = ompl(problems, make, seeds)
        found |= {peer: milliseconds, f"× {peer}": milliseconds / ours, f"{peer}, solved": solved}
    print(found, file=sys.stderr, flush=True)
    return found


def timed(plan, problems: list[Problem], seeds: int = SEEDS, exact: bool = False) -> float:
    times = []
    for problem in problems:
        plan(problem, 0)
        for seed in range(seeds):
            began = time.perf_counter()
            states = plan(problem, seed)
            times.append(time.perf_counter() - began)
            assert np.array_equal(states[-1], problem.goal)
            if exact:
                assert metres_inside(states[:-1], states[1:], problem.space.world.boxes).max() < 1e-9
            else:
                assert problem.space.edge_free(states[:-1], states[1:]).all()
    return 1e3 * float(np.median(times))


def checker_in_python(world: Shapes):
    boxes = [(*low, *high) for low, high in world.boxes.tolist()]

    def free(x) -> bool:
        u, v = x[0], x[1]
        return all(not (left < u < right and low < v < high) for left, low, right, high in boxes)

    return free


def states_in_python(world: Shapes) -> dict:
    return {"states": checker_in_python(world)}


def states_compiled(world: Shapes) -> dict:
    boxes = np.array(world.boxes)
    free_of(boxes, 0.0, 0.0)
    return {"states": lambda x: free_of(boxes, x[0], x[1])}


@kernel
def free_of(boxes, u, v):
    for k in range(boxes.shape[0]):
        if boxes[k, 0, 0] < u < boxes[k, 1, 0] and boxes[k, 0, 1] < v < boxes[k, 1, 1]:
            return False
    return True


def exact_motions(space) -> dict:
    arrays, point_free, segment_free, *_ = space.kernels
    a, b = np.empty(2), np.empty(2)
    segment_free(a, b, arrays)
    return {
        "states": lambda x: point_free(np.array([x[0], x[1]]), arrays),
        "motions": lambda x, y: _motion(segment_free, a, b, x, y, arrays),
    }


def _motion(segment_free, a, b, x, y, arrays) -> bool:
    a[0], a[1], b[0], b[1] = x[0], x[1], y[0], y[1]
    return bool(segment_free(a, b, arrays))


class Motions(base.MotionValidator):
    def __init__(self, information, free):
        super().__init__(information)
        self.free = free

    def checkMotion(self, first, second, *last):
        return self.free(first, second)


def ompl(problems: list[Problem], make, seeds: int) -> tuple[float, float]:
    """Median ms to solve, set-up not counted, and the share of problems that were solved within 10 s."""
    times, solved = [], []
    for problem in problems:
        checks = make(problem)
        space = space_of(problem.space)
        for _ in range(seeds):
            setup = _setup(space, problem, checks)
            began = time.perf_counter()
            solved.append(bool(setup.solve(10.0)) and setup.haveExactSolutionPath())
            times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times)), float(np.mean(solved))


def _setup(space, problem: Problem, checks: dict):
    states, bounds = base.RealVectorStateSpace(2), base.RealVectorBounds(2)
    for i in range(2):
        bounds.setLow(i, float(space.low[i]))
        bounds.setHigh(i, float(space.high[i]))
    states.setBounds(bounds)
    setup = geometric.SimpleSetup(states)
    setup.setStateValidityChecker(checks["states"])
    information = setup.getSpaceInformation()
    if "motions" in checks:
        setup.validator = Motions(information, checks["motions"])
        information.setMotionValidator(setup.validator)
    ends = [states.allocState() for _ in range(2)]
    for state, x in zip(ends, (problem.start, problem.goal), strict=True):
        state[0], state[1] = float(x[0]), float(x[1])
    setup.setStartAndGoalStates(*ends)
    setup.setPlanner(geometric.RRTConnect(information))
    setup.setup()
    return setup


if __name__ == "__main__":
    main()
