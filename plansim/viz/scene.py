"""What there is to draw of a run: the places (World) and the recorded episodes (Track)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.layout import Layout
from plansim.viz.beliefs import Beliefs, beliefs
from plansim.viz.reading import Ragged, Reader, moments, stacked
from plansim.viz.road_scene import car_body, road_of, vehicles_of
from plansim.viz.signals import Signal, component_signals, place_signals
from plansim.viz.watched import View, Watched, views_of, watched, watched_signals

MOST_FRAMES = 600


@dataclass(frozen=True)
class World:
    """What an environment tells of the place where its episodes happen; any part may be missing."""

    map: Any = None  # OccupancyGrid
    dt: float | None = None  # s a step
    radius: float | None = None  # m, the robot's
    goal_radius: float | None = None  # m
    beam_angles: Array | None = None  # (B,) rad from the heading
    max_range: float | None = None  # m
    note: str = ""  # why the environment could not be asked
    shapes: Any = None  # Shapes, where there is no map
    polygons: Array | None = None  # (K, P, 2) m, of the robot's body, each in the frame of its part
    road: Any = None  # Road
    car: Array | None = None  # (3,) m, on a road: length, width, from the pose to the middle
    state: Layout | None = None  # of info "state"
    sensors: dict[str, Any] = field(default_factory=dict)  # measurement models, by the observation's names
    landmarks: Array | None = None  # (L, 2) m
    views: tuple[View, ...] = ()  # of the sensors that look for targets


def world_of(result: Any, variant: str = "") -> World:
    """Asks the environment of a variant, built anew; a picture is owed even where it cannot be built."""
    from plansim.scenario.build import build

    try:
        env = build(result.scenario, variant).make_env()
    except Exception as error:
        return World(note=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}")
    told = functools.partial(_told, env.unwrapped)
    world = World(
        map=told("map") or told("grid"),
        shapes=told("shapes"),
        polygons=told("polygons"),
        road=road_of(told("road")),
        car=car_body(told),
        state=_of_type(told("state"), Layout),
        sensors=_of_type(told("sensors"), dict) or {},
        landmarks=_of_type(told("landmarks"), np.ndarray),
        views=views_of(told("sensors")),
        dt=_number(told("dt")),
        radius=_number(told("radius")),
        goal_radius=_number(told("goal_radius")),
        beam_angles=getattr(told("lidar"), "angles", None),
        max_range=_number(getattr(told("lidar"), "max_range", None)),
    )
    env.close()
    return world


def _told(env: Any, name: str) -> Any:
    """An attribute of the environment, or of its `world`, where one keeps its parameters together."""
    value = getattr(env, name, None)
    return getattr(getattr(env, "world", None), name, None) if value is None else value


def _of_type(value: Any, kind: type) -> Any:
    return value if isinstance(value, kind) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float | np.number) and np.isfinite(value) else None


@dataclass(frozen=True)
class Track:
    """One recorded episode at F of its moments, everything aligned to them; None where it was not recorded."""

    variant: str
    seed: int
    steps: Array  # (F,) int, counted in steps of the environment
    truth: Array | None = None  # (F, 3), heading NaN where a place has none
    estimate: Array | None = None  # (F, 3)
    judged: Array | None = None  # (F, 3), the estimate; NaN after the last step, of which the policy was not asked
    cov: Array | None = None  # (F, 3, 3)
    goal: Array | None = None  # (F, 2)
    parts: Array | None = None  # (F, K, 3) poses of the parts of the robot's body
    discs: Array | None = None  # (F, Q, 3) x, y, radius of obstacles that are truly there, radius 0 before they appear
    ranges: Array | None = None  # (F, B) m
    path: Ragged | None = None
    particles: Ragged | None = None
    obstacles: Ragged | None = None
    expanded: Ragged | None = None
    costs: Ragged | None = None  # (N, 1) of the states expanded, where the search was small
    tree: Array | None = None  # (E, 4) x, y, x, y of the edges that the first search grew, in order
    history: Array | None = None  # (K, 2) samples drawn and cost reached
    vehicles: Array | None = None  # (F, Q, 7) others on a road: x, y, heading, speed, length, width, whether seen
    fan: Ragged | None = None  # (N, 4) candidate trajectories: x, y, level of cost, number
    beliefs: Beliefs | None = None  # what an estimator believed of info "state"
    watched: Watched | None = None  # targets and the tracks that follow them; `truth` is the first sensor's way
    signals: tuple[Signal, ...] = field(default=())
    omitted: tuple[str, ...] = ()  # observations with too many numbers to draw

    @property
    def placed(self) -> bool:
        """Whether it can be drawn as motion in the plane."""
        return self.truth is not None

    def times(self, world: World) -> Array:
        """Seconds where the environment says how long a step takes, else steps."""
        return self.steps * (world.dt or 1.0)

    @property
    def position_error(self) -> Array | None:
        if self.truth is None or self.judged is None:
            return None
        return np.linalg.norm(self.truth[:, :2] - self.judged[:, :2], axis=1)


def track(record: Mapping[str, Array], variant: str, seed: int, most: int = MOST_FRAMES) -> Track:
    """The drawable parts of a record, at no more than `most` moments; first and last are always among them."""
    record = stacked({key: np.asarray(value) for key, value in record.items()}, "trace.cov", "trace.prior_cov")
    count = moments(record)
    steps = np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int)) if count else np.zeros(0, int)
    place = Reader(record, steps)
    truth = _poses(place.rows("info.pose"))
    if truth is None and "info.path_length" in record:
        truth = _positions(place.rows("observation.state"))
    if truth is None and (told := watched(place)) is not None:
        return Track(variant, seed, steps, truth=told.sensors[:, 0], watched=told, signals=watched_signals(told))
    if truth is None:
        signals, omitted = component_signals(place)
        return Track(variant, seed, steps, beliefs=beliefs(place), signals=signals, omitted=omitted)
    estimate, goal = _poses(place.rows("trace.pose")), _points(place.rows("observation.goal"))
    judged = None if estimate is None else np.where((steps < len(record["trace.pose"]))[:, None], estimate, np.nan)
    return Track(
        variant,
        seed,
        steps,
        truth=truth,
        estimate=estimate,
        judged=judged,
        cov=place.rows("trace.cov"),
        goal=goal,
        parts=place.rows("info.parts"),
        discs=_discs(place.rows("info.obstacles")),
        ranges=place.rows("observation.lidar"),
        path=place.ragged("trace.path"),
        vehicles=vehicles_of(place),
        fan=place.ragged("trace.candidates"),
        particles=place.ragged("trace.particles"),
        obstacles=place.ragged("trace.obstacles"),
        expanded=place.ragged("trace.expanded"),
        costs=place.ragged("trace.cost_to_come"),
        tree=_first(place.ragged("trace.tree"), 4),
        history=_first(place.ragged("trace.history"), 2),
        beliefs=beliefs(place),
        signals=place_signals(truth, judged, goal, place),
    )


def tracks(result: Any, most: int = MOST_FRAMES) -> list[Track]:
    """All recorded episodes of a result, by variant in the scenario's order and by seed."""
    order = {variant: i for i, variant in enumerate(result.variants)}
    keys = sorted(result.records, key=lambda key: (order.get(key[0], len(order)), key[1]))
    return [track(result.records[key], key[0], int(key[1]), most) for key in keys]


def worlds_of(result: Any) -> dict[str, World]:
    """The place of every variant of which an episode was recorded."""
    return {variant: world_of(result, variant) for variant in dict.fromkeys(key[0] for key in result.records)}


def _poses(rows: Array | None) -> Array | None:
    if rows is None or rows.ndim != 2 or rows.shape[1] < 2:
        return None
    return rows[:, :3] if rows.shape[1] >= 3 else np.column_stack((rows[:, :2], np.full(len(rows), np.nan)))


def _positions(rows: Array | None) -> Array | None:
    """Poses of robots that have no heading: whatever follows x, y in their state is none."""
    return _poses(rows[:, :2] if rows is not None and rows.ndim == 2 else None)


def _first(ragged: Ragged | None, width: int) -> Array | None:
    """The first array that is not empty."""
    if ragged is None or ragged.values.shape[1] != width or not len(ragged.values):
        return None
    return ragged.values[: int(ragged.offsets[ragged.offsets > 0][0])]


def _points(rows: Array | None) -> Array | None:
    return rows[:, :2] if rows is not None and rows.ndim == 2 and rows.shape[1] >= 2 else None


def _discs(rows: Array | None) -> Array | None:
    return rows if rows is not None and rows.ndim == 3 and rows.shape[2] == 3 and rows.any() else None
