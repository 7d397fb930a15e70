"""Pure pursuit: steer along the circle through a point of the path ahead, as fast as the path allows.

κ = 2 y / d² for a point d away and y to the left (Coulter 1992, "Implementation of the pure pursuit path tracking
algorithm", CMU-RI-TR-92-01).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import atan2, copysign, cos, hypot, inf, sin, sqrt

import numpy as np

from plansim.control.speed_profile import braking_profile, curvature, speed_in_curve
from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.layout import wrap_angle
from plansim.core.trajectory import arc_length, closest_on_path, resample
from plansim.models.vehicle import Vehicle


@dataclass
class PurePursuit:
    """Follows the path (T, 2+) of an observation {"state": (n,), "path": (T, 2+)} to its end, and stops there.

    Its progress along a path never goes back, so a path may cross itself. A robot that can turn on the spot does so
    when the path leaves it at a wide angle; a car drives on with its steering at the limit. A path of one point means:
    stand still. Where the observation has a "clearance", the metres that are free around the robot, it is slow near
    obstacles, cuts no corners there, and turns on the spot rather than swing out.

    >>> from plansim.models.unicycle import Unicycle
    >>> policy = PurePursuit(Unicycle(), max_acceleration=0.5)
    >>> policy.act({"state": [0.0, 0.0, 0.0], "path": [[0.0, 0.0], [5.0, 0.0]]}).tolist()  # m/s, rad/s
    [0.05, 0.0]
    """

    robot: Vehicle
    lookahead: float = 0.4  # m, at least
    lookahead_time: float = 0.5  # s, of driving at the present speed
    max_speed: float = 1.0  # m/s
    max_acceleration: float = 1.0  # m/s^2
    max_deceleration: float = 1.5  # m/s^2
    max_lateral_acceleration: float = 0.8  # m/s^2
    max_turn_rate: float = 1.5  # rad/s
    max_steering: float = 0.6  # rad, of a car
    turn_in_place_above: float = 1.0  # rad, between the heading and the way on
    goal_tolerance: float = 0.05  # m, to the path's end
    dt: float = 0.1  # s, for which each control is held
    _track: _Track | None = field(default=None, init=False, repr=False, compare=False)
    _progress: float = field(default=0.0, init=False, repr=False, compare=False)  # m, along the track
    _speed: float = field(default=0.0, init=False, repr=False, compare=False)  # m/s, told last
    _turning: bool = field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self) if f.init and f.name != "robot"):
            if not getattr(self, name) > 0:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")

    def reset(self, seed: int | None = None) -> None:
        self._track, self._progress, self._speed, self._turning = None, 0.0, 0.0, False

    def act(self, observation: Mapping[str, Array]) -> Array:
        state = np.asarray(observation["state"], dtype=float)
        if state.shape != (len(self.robot.state),):
            raise MalformedInput(
                f"the state has shape {state.shape}, but {type(self.robot).__name__} has {len(self.robot.state)} "
                f"components: {' '.join(self.robot.state.names)}"
            )
        names = self.robot.state.names
        speed = float(state[names.index("speed")]) if "speed" in names else self._speed
        x, y, heading = (float(state[names.index(name)]) for name in ("x", "y", "heading"))
        track = self._advance(np.asarray(observation["path"], dtype=float), np.array([x, y]))
        if track.length - self._progress <= self.goal_tolerance:
            return self._control(state, speed, 0.0, 0.0)
        # so near to something, it looks no farther than cuts half of what is free from a corner, drives as fast as it
        # could still stop, and does not swing out
        clearance = max(float(observation.get("clearance", inf)), 0.05)
        lookahead = max(self.lookahead, self.lookahead_time * abs(speed))
        straight = track.straight(self._progress, lookahead, 0.5 * clearance)
        target = track.point(self._progress + max(straight, 0.25 * self.lookahead))
        distance = hypot(target[0] - x, target[1] - y)
        bearing = float(wrap_angle(atan2(target[1] - y, target[0] - x) - heading))
        if self._turns_in_place(bearing, distance, clearance):
            return self._control(state, speed, 0.0, 0.0, turn_rate=bearing / self.dt)
        bend = _pursuit_curvature(distance, bearing)
        could_stop = sqrt(2 * self.max_deceleration * clearance)
        wanted = min(track.speed(self._progress, self.dt), self._in_curve(bend), could_stop)
        return self._control(state, speed, wanted, bend)

    def _advance(self, path: Array, position: Array) -> _Track:
        """The path as a track. Finds the robot's place on the path, no farther back than it has been."""
        if self._track is None or not self._track.follows(path):
            self._track, self._turning = self._make_track(path), False
            self._progress = self._track.first_near(position, slack=0.5 * self.lookahead)
        # a window, so that a path may cross itself; wider than a step of driving, so that it is not left behind
        window = self.lookahead + 2 * self.max_speed * self.dt
        self._progress = self._track.closest(position, self._progress, self._progress + window)
        return self._track

    def _make_track(self, path: Array) -> _Track:
        if path.ndim != 2 or not len(path) or path.shape[1] < 2 or not np.isfinite(path).all():
            raise MalformedInput(f"the path has shape {path.shape}, but must be one or more finite points (T, 2)")
        arm = 0.5 * self.lookahead
        points = resample(path[:, :2], 0.3 * arm)
        points = points[np.append(True, (np.diff(points, axis=0) != 0).any(-1))]
        if len(points) == 1:
            return _Track(path, points, np.zeros(1), np.zeros(1), self.max_deceleration)
        speeds = braking_profile(points, self._in_curve(curvature(points, arm)), self.max_deceleration)
        return _Track(path, points, arc_length(points), speeds**2, self.max_deceleration)

    def _in_curve(self, bend: Array) -> Array:
        return speed_in_curve(bend, self.max_speed, self.max_lateral_acceleration, self.max_turn_rate)

    def _turns_in_place(self, bearing: float, distance: float, clearance: float) -> bool:
        # the arc leaves the straight way by distance / 2 * tan(bearing / 2): at most by half of what is free
        above = min(self.turn_in_place_above, 2 * atan2(clearance, distance))
        # it turns until it faces the way, not until just below the angle that made it turn
        above *= 0.25 if self._turning else 1.0
        self._turning = "turn_rate" in self.robot.control.names and abs(bearing) > above
        return self._turning

    def _control(self, state: Array, speed: float, wanted: float, bend: float, turn_rate: float = 0.0) -> Array:
        """The robot's control for a wanted speed, as far as acceleration and the limits let it."""
        slowest, fastest = speed - self.max_deceleration * self.dt, speed + self.max_acceleration * self.dt
        self._speed = min(max(float(wanted), slowest), fastest)
        control = np.array(self.robot.control_for(state, self._speed, bend, self.dt))
        if turn_rate:
            control[self.robot.control.index("turn_rate")] = turn_rate
        limits = [self._limits.get(name, (-inf, inf)) for name in self.robot.control.names]
        return np.clip(control, *np.transpose(limits))

    @property
    def _limits(self) -> dict[str, tuple[float, float]]:
        return {
            "speed": (0.0, self.max_speed),
            "turn_rate": (-self.max_turn_rate, self.max_turn_rate),
            "acceleration": (-self.max_deceleration, self.max_acceleration),
            "steering": (-self.max_steering, self.max_steering),
        }


def _pursuit_curvature(distance: float, bearing: float) -> float:
    """Of the circle that leaves along the heading and passes through the point; a point behind asks for a full turn."""
    if distance < 1e-6:
        return 0.0
    side = sin(bearing) if cos(bearing) > 0 else copysign(1.0, bearing)
    return 2 * side / distance


@dataclass(frozen=True)
class _Track:
    """A path made dense, with how fast each of its points may be passed."""

    path: Array  # (T, 2+), as it was given
    points: Array  # (P, 2)
    s: Array  # (P,) m, along the track
    squared_speed: Array  # (P,)
    deceleration: float

    @property
    def length(self) -> float:
        return float(self.s[-1])

    def follows(self, path: Array) -> bool:
        return path is self.path or np.array_equal(path, self.path)

    def first_near(self, position: Array, slack: float) -> float:
        """The first place that is nearly as near as the nearest one: a closed path starts at its start."""
        distance = np.linalg.norm(self.points - position, axis=-1)
        return float(self.s[np.argmax(distance <= distance.min() + slack)])

    def closest(self, position: Array, low: float, high: float) -> float:
        """The arc length of the point nearest to `position`, between two arc lengths."""
        i = max(int(np.searchsorted(self.s, low, side="right")) - 1, 0)
        j = int(np.searchsorted(self.s, high)) + 1
        length, _ = closest_on_path(self.points[i:j], position)
        return min(max(float(self.s[i]) + length, low), high, self.length)

    def point(self, s: float) -> Array:
        """The point at an arc length; beyond the end the path goes straight on."""
        if s <= self.length:
            return np.array([np.interp(s, self.s, self.points[:, 0]), np.interp(s, self.s, self.points[:, 1])])
        ahead = (self.points[-1] - self.points[-2]) / (self.s[-1] - self.s[-2])
        return self.points[-1] + (s - self.length) * ahead

    def straight(self, s: float, longest: float, aside: float) -> float:
        """How far ahead of s the path stays within `aside` metres of the straight line there, at most `longest`."""
        if aside >= longest:
            return longest
        i, j = np.searchsorted(self.s, (s, s + longest), side="right")
        ahead = self.points[i:j] - self.point(s)
        squared = np.maximum((ahead * ahead).sum(-1), np.finfo(float).tiny)
        share = np.clip(ahead @ ahead.T / squared[:, None], 0.0, 1.0)  # of the line to point j, nearest to point i
        off = np.linalg.norm(ahead - share[..., None] * ahead[:, None], axis=-1)
        bent = (np.tril(off) > aside).any(-1)
        return float(self.s[i + int(np.argmax(bent)) - 1] - s) if bent.any() else longest

    def speed(self, s: float, dt: float) -> float:
        """A speed that can be held for dt from s without being too fast at any time after."""
        squared = float(np.interp(s, self.s, self.squared_speed))
        later = float(np.interp(s + sqrt(squared) * dt, self.s, self.squared_speed))
        # braking evenly over the step is always safe: v² + 2 a v dt = limit²
        brake = self.deceleration * dt
        return max(sqrt(brake * brake + squared) - brake, sqrt(min(squared, later)))
