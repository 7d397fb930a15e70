"""The planners of OMPL behind our protocol, so that a scenario can name one and the comparison is one command."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput, near_miss, require
from plansim.planning.base import Budget, Plan, Problem, Status
from plansim.planning.sampling.running import positive
from plansim.planning.sampling.task import Task


@dataclass(frozen=True)
class OMPL:
    """A geometric planner of OMPL (Sucan, Moll & Kavraki 2012), in the same space with the same exact edge test.

    OMPL asks Python whether a motion is valid; `check` "states" asks it of states along the motion instead, 1 % of the
    space apart, as OMPL does by itself. A budget of iterations means nothing to it: give seconds, or it has `seconds`.
    Its random numbers are OMPL's own, seeded once in a process: the same seed does not give the same plan.
    """

    planner: str = "RRTConnect"  # any class of `ompl.geometric`: RRTstar, BITstar, PRM, KPIECE1, ...
    seconds: float = 1.0  # where the budget has none
    check: str = "motions"  # or "states"
    range: float | None = None  # longest edge; None: OMPL's own choice

    def __post_init__(self) -> None:
        require("ompl", "peers")
        positive(self, "seconds", "range")
        if self.check not in ("motions", "states"):
            raise MalformedInput(f"check is {self.check!r}, but must be 'motions' or 'states'")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        base, geometric = _ompl()
        task = Task(problem, rng)
        refusal = task.refusal()
        if refusal is not None:
            return refusal
        setup = geometric.SimpleSetup(_space(base, task))
        asked = _Asked(task)
        information = setup.getSpaceInformation()
        setup.setStateValidityChecker(asked.state_free)
        if self.check == "motions":
            validator = _motions(base)(information, asked)
            information.setMotionValidator(validator)
        start, goal = (_state(setup, x) for x in (task.start, task.goal))
        setup.setStartAndGoalStates(start, goal, max(task.goal_radius, float(np.finfo(float).eps)))
        setup.setPlanner(self._made(geometric, information))
        seconds = self.seconds if budget.seconds is None else budget.seconds
        solved = bool(setup.solve(max(seconds, 1e-9))) and setup.haveExactSolutionPath()
        states = task.start[None]
        if setup.haveSolutionPath():
            states = _array(setup.getSolutionPath(), len(task.start))
        plan = task.plan(Status.SOLVED if solved else Status.BUDGET_SPENT, states, 0, 0)
        stats = plan.stats._replace(checks=asked.count, engine=f"ompl {self.planner}, {self.check}")
        return plan._replace(stats=stats)

    def _made(self, geometric: Any, information: Any) -> Any:
        names = [name for name in dir(geometric) if name[:1].isupper()]
        if self.planner not in names:
            raise MalformedInput(f"OMPL has no planner {self.planner!r}{near_miss(self.planner, names)}")
        planner = getattr(geometric, self.planner)(information)
        if self.range is not None:
            planner.setRange(self.range)
        return planner


class _Asked:
    """Answers OMPL, and counts how often it asks."""

    def __init__(self, task: Task):
        self.task, self.count = task, 0
        self.a, self.b = np.empty_like(task.start), np.empty_like(task.start)

    def state_free(self, state: Any) -> bool:
        self.count += 1
        return bool(self.task.is_free(_read(state, self.a)))

    def motion_free(self, first: Any, second: Any) -> bool:
        self.count += 1
        a, b = _read(first, self.a), _read(second, self.b)
        return bool(self.task.moves.edge_free(a, b, True, self.task.arrays))


def _ompl() -> tuple[Any, Any]:
    require("ompl", "peers")
    from ompl import base, geometric, util

    util.setLogLevel(util.LOG_NONE)
    return base, geometric


def _space(base: Any, task: Task) -> Any:
    if (task.metric[:, 2] > 0).any() or not (task.metric[:, 0] == task.metric[0, 0]).all():
        raise MalformedInput("the OMPL peer plans in R^n with Euclidean distance, without weights and angles")
    space, bounds = base.RealVectorStateSpace(len(task.start)), base.RealVectorBounds(len(task.start))
    for i in range(len(task.start)):
        bounds.setLow(i, float(task.bounds[0, i]))
        bounds.setHigh(i, float(task.bounds[1, i]))
    space.setBounds(bounds)
    return space


def _state(setup: Any, x: Array) -> Any:
    state = setup.getStateSpace().allocState()
    for i, value in enumerate(x.tolist()):
        state[i] = value
    return state


def _read(state: Any, out: Array) -> Array:
    for i in range(len(out)):
        out[i] = state[i]
    return out


def _array(path: Any, n: int) -> Array:
    return np.array([[state[i] for i in range(n)] for state in path.getStates()])


@lru_cache(maxsize=1)
def _motions(base: Any) -> type:
    class Motions(base.MotionValidator):
        def __init__(self, information: Any, asked: _Asked):
            super().__init__(information)
            self.asked = asked

        def checkMotion(self, first: Any, second: Any, *last: Any) -> bool:
            return self.asked.motion_free(first, second)

    return Motions
