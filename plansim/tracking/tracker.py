"""The multi-target tracker: detections of one scan after the other become tracks that keep their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.base import Estimator
from plansim.tracking import any_estimator, linear
from plansim.tracking.association.base import Associator
from plansim.tracking.association.jpda import JointProbabilistic
from plansim.tracking.initiation import Initiation, OnePoint
from plansim.tracking.lives import ExistenceProbability, Life
from plansim.tracking.tracks import Tracks, take


@dataclass(eq=False)
class Tracker:
    """Bernoulli tracks of point targets: p(x, exists | scans) of each.

    Associated jointly (Williams 2015, "Marginal multi-Bernoulli filters"; Musicki and Evans 2004, "Joint integrated
    probabilistic data association").

    Densities are by unit of the measurement's volume: m² of a position sensor, m rad of range and bearing. A sensor
    with r false detections a scan within a volume V has `clutter_density` r / V.

    Where `detection_probability` is a function, targets may be out of view, and one density of unseen targets holds for
    all places: it follows births and survival, and no scan lowers it. Leave `start_density` out then.

    >>> from plansim.estimation import KalmanFilter
    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> tracker = Tracker(KalmanFilter(ConstantVelocity()), clutter_density=1e-6, birth_density=1e-7)
    >>> for t in range(5):
    ...     tracks = tracker.step([[10.0 * t, 0.0], [500.0, 7.0 * t]], Position(std=1.0), dt=1.0)
    >>> tracks.ids.tolist(), tracks.confirmed.tolist()
    ([0, 1], [True, True])
    """

    estimator: Estimator  # of one track; any Estimator without a control
    clutter_density: float | Callable[[Array, Any], Array] = 1e-6  # false detections by volume; (z (D, k), sensor) too
    detection_probability: float | Callable[[Array, Any], Array] = 0.9  # a scan; of (x (M, n), sensor) -> (M,) too
    birth_density: float = 1e-8  # new targets a second, by volume
    start_density: float | None = None  # targets at the start, by volume; None: as births and survival balance
    survival: float = 0.999  # probability of a second
    gate_probability: float = 0.999  # that a target's detection falls into its gate
    gate_limit: int = 100  # detections that one track looks at: the nearest
    associator: Associator = field(default_factory=JointProbabilistic)
    life: Life = field(default_factory=ExistenceProbability)
    initiation: Initiation = field(default_factory=OnePoint)
    compiled: bool = True  # where estimator and sensor are linear; the same answers

    tracks: Tracks = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self)
        self.reset()

    def reset(self) -> None:
        """Forgets every track; ids begin anew."""
        self.tracks = self.nothing()

    def step(self, detections: Any, sensor, dt: float, rng: np.random.Generator | None = None) -> Tracks:
        """The tracks after a scan (D, k), dt seconds after the last one; 0 for a further sensor at the same instant."""
        self.tracks = self.advance(self.tracks, detections, sensor, dt, rng)
        return self.tracks

    def advance(
        self, tracks: Tracks, detections: Any, sensor, dt: float, rng: np.random.Generator | None = None
    ) -> Tracks:
        """What `step` does, as a function of values."""
        z = checked_scan(detections, sensor)
        if not 0 <= dt < np.inf:
            raise MalformedInput(f"dt is {dt}, but must be 0 (another sensor, the same instant) or more seconds")
        if self.compiled and linear.fits(self, sensor):
            return linear.advance(self, tracks, z, sensor, dt)
        return any_estimator.advance(self, tracks, z, sensor, dt, rng)

    def nothing(self) -> Tracks:
        """No track, before the first scan."""
        n = len(self.estimator.state)
        none = np.empty(0, np.int64)
        unused = np.random.default_rng(0)  # some estimators cannot make a belief without drawing
        belief = take(self.around(Gaussian(np.zeros((1, n)), np.eye(n)[None]), unused), slice(0))
        flags, numbers = np.empty(0, bool), np.empty(0)
        start = self.start_density
        if start is None:
            start = self.birth_density / (1 - self.survival) if self.survival < 1 else self.birth_density
        return Tracks(none, belief, numbers, flags, numbers, *(5 * (none,)), None, 0, float(start))

    def known(self, targets: Gaussian, rng: np.random.Generator | None = None) -> Tracks:
        """Tracks of targets that are known to be there, mean (M, n) and cov (M, n, n): a state to advance from."""
        M = len(targets.mean)
        long, none, full = np.full(M, 62), np.zeros(M, np.int64), np.full(M, (1 << 62) - 1)
        sure, score = np.full(M, 1 - 1e-9), np.full(M, min(self.life.ceiling, 20.0))
        return self.nothing()._replace(
            ids=np.arange(M),
            belief=self.around(targets, rng),
            existence=sure,
            confirmed=np.ones(M, bool),
            score=score,
            hits=long,
            misses=none,
            ages=long,
            recent=full,
            detection=none - 1,
            next_id=M,
            undetected=0.0,
        )

    def around(self, targets: Gaussian, rng: np.random.Generator | None = None) -> Any:
        return self.estimator.around(targets, rng)

    def seen(self, x: Array, sensor) -> Array:
        """P_D of states (M, n), (M,)."""
        if not callable(self.detection_probability):
            return np.full(len(x), float(self.detection_probability))
        P_D = np.broadcast_to(np.asarray(self.detection_probability(x, sensor), float), (len(x),))
        if not ((P_D >= 0) & (P_D <= 1)).all():
            raise MalformedInput(f"detection_probability answers {P_D}, but probabilities lie within 0 and 1")
        return P_D

    def densities(self, z: Array, sensor, undetected: float) -> tuple[Array, Array | None]:
        """(D,) of whatever else makes detections, clutter and new targets; (D,) of new targets alone.

        Where P_D depends on the state, new targets are left out of the one and follow from the state they begin with.
        """
        clutter = self.clutter_density(z, sensor) if callable(self.clutter_density) else self.clutter_density
        clutter = np.broadcast_to(np.asarray(clutter, float), (len(z),))
        if not ((clutter > 0) & np.isfinite(clutter)).all():
            raise MalformedInput(f"clutter_density answers {clutter}, but must be positive: a small number, if need be")
        if callable(self.detection_probability):
            return clutter, None
        births = np.full(len(z), float(self.detection_probability) * undetected)
        return clutter + births, births

    def undetected_after(self, undetected: float, dt: float) -> float:
        """The density of targets that no scan has seen, dt seconds later."""
        return undetected * self.survival**dt + self.birth_density * dt

    def undetected_seen(self, undetected: float) -> float:
        """The same after a scan that did not see them."""
        if callable(self.detection_probability):
            return undetected  # one number for all places: those out of view count, in view it is too large
        return undetected * (1 - float(self.detection_probability))


def checked_scan(detections: Any, sensor) -> Array:
    """Detections as an array (D, k) of finite numbers."""
    k = len(sensor.measurement)
    try:
        z = np.ascontiguousarray(detections, float)
    except (TypeError, ValueError) as error:
        raise MalformedInput(f"detections must consist of numbers: {error}") from None
    if z.size == 0 and z.shape[0] == 0:
        return np.empty((0, k))
    if z.ndim != 2 or z.shape[1] != k:
        raise MalformedInput(
            f"detections have shape {z.shape}, but must have (D, {k}): {' '.join(sensor.measurement.names)} each"
        )
    if not np.isfinite(z).all():
        row = int(np.flatnonzero(~np.isfinite(z).all(1))[0])
        raise MalformedInput(f"detection {row} is {z[row].tolist()}, but must be finite: leave out what was not seen")
    return z


def _check(tracker: Tracker) -> None:
    for name, right, words in (
        ("clutter_density", lambda v: 0 < v < np.inf, "be positive: a small number, if need be"),
        ("birth_density", lambda v: 0 <= v < np.inf, "be 0 or more"),
        ("start_density", lambda v: 0 <= v < np.inf, "be 0 or more"),
        ("detection_probability", lambda v: 0 <= v <= 1, "lie within 0 and 1"),
        ("survival", lambda v: 0 <= v <= 1, "lie within 0 and 1"),
        ("gate_probability", lambda v: 0 < v < 1, "lie between 0 and 1, and be neither"),
        ("gate_limit", lambda v: v >= 1, "be 1 detection or more"),
    ):
        value = getattr(tracker, name)
        if value is not None and not callable(value) and not right(value):
            raise MalformedInput(f"{name} is {value}, but must {words}")
