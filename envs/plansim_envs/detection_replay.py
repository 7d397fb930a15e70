"""DetectionReplay: a recording as an environment, frame by frame, for trackers to be tried on."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from PIL import Image, ImageDraw

from plansim.core.detection_log import DetectionLog, two_walkers
from plansim.core.errors import MalformedInput
from plansim_envs.base import SingleView, StepResult, VectorView, World, constants
from plansim_envs.detection_replay_step import begin, play

FAR = 1e7
SIDE, FINE = 480, 2  # pixels


@dataclass(frozen=True, eq=False)
class DetectionReplay(World):
    """Follow what was recorded: cars, people, ships. What the recording lacks in luck, a seed may add.

    Action: Box (1, 2), float64, ±1: a recording cannot be steered, so it is ignored.

    Observation: a dict. "detections" (1, D, k): those of the frame, each dropped with the probability `dropped`, moved
    by normal noise of `noise_std`, and among a Poisson number of false ones, evenly over the recording's bounds; zeros
    beyond the "counts" (1,) int64. "sensors" (1, 3): `pose`. "time" (1,): s since the recording began.

    Reward: 0. What a tracker is worth, the metrics say.

    Begin: at the first frame; at any frame, where the log is longer than the episode.

    End: truncated after `max_steps`, or with the last frame.

    Info: "targets" (T, 4): x, y, vx, vy of the labels, zeros where there is none; "alive" (T,) int8; "target_ids"
    (T,) int64, 0 where there is none; "frame" of the log; "cutoff": the `scoring_cutoff`.

    Versions: v0.
    """

    log: DetectionLog = two_walkers()
    max_steps: int = 1000
    dropped: float = 0.0  # probability
    noise_std: float = 0.0  # in the log's unit, of each component
    clutter: float = 0.0  # false detections a frame, Poisson
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)  # m, m, rad: where the sensor stands
    scoring_cutoff: float = 2.0  # in the log's unit; a track farther from a target is not its track

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 10}

    def __post_init__(self) -> None:
        if not isinstance(self.log, DetectionLog):
            raise MalformedInput(f"log is a {type(self.log).__name__}, but must be a DetectionLog")
        if not (self.max_steps > 0 and 0 < self.scoring_cutoff < np.inf):
            raise MalformedInput(f"max_steps {self.max_steps}, scoring_cutoff {self.scoring_cutoff} must be positive")
        if not 0 <= self.dropped <= 1:
            raise MalformedInput(f"dropped is {self.dropped}, but must lie within 0 and 1")
        if not (0 <= self.noise_std < np.inf and 0 <= self.clutter <= 500):
            raise MalformedInput(f"noise_std {self.noise_std} must be 0 or more, clutter {self.clutter} within 0, 500")
        if len(self.pose) != 3 or not np.isfinite(self.pose).all():
            raise MalformedInput(f"pose is {self.pose}, but must be three finite numbers")
        if not np.abs(self.log.detections).max(initial=0.0) < 0.5 * FAR:
            raise MalformedInput(
                f"the log's detections go beyond ±{0.5 * FAR:g} {self.log.unit}: move its origin nearer"
            )
        if len(self.log) < 2:
            raise MalformedInput("the log has one frame, but an episode needs two")

    @property
    def dt(self) -> float:
        return self.log.dt

    @property
    def length(self) -> int:
        """Steps of an episode."""
        return min(self.max_steps, len(self.log) - 1)

    @property
    def room(self) -> int:
        """D."""
        return int(np.diff(self.log.detection_first).max()) + ceil(self.clutter + 8 * sqrt(self.clutter)) + 1

    @functools.cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        return spaces.Box(-1.0, 1.0, (1, 2), dtype=np.float64)

    @functools.cached_property
    def observation_space(self) -> spaces.Dict:  # type: ignore[override]
        parts: dict[str, spaces.Space] = {
            "detections": spaces.Box(-FAR, FAR, (1, *self._found), dtype=np.float64),
            "counts": spaces.Box(0, self.room, (1,), dtype=np.int64),
            "sensors": spaces.Box(-FAR, FAR, (1, 3), dtype=np.float64),
            "time": spaces.Box(-FAR, FAR, (1,), dtype=np.float64),
        }
        return spaces.Dict(parts)

    def fields(self) -> list[tuple]:
        return [("steps", "i8"), ("frame", "i8"), ("counts", "i8", (1,)), ("detections", "f8", self._found)]

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        begin(state, mask, self._settings, *self._rows)

    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        play(state, self._settings, *self._rows, *result)

    def observe(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "counts": state["counts"],
            "detections": state["detections"][:, None],
            "sensors": np.tile(np.array(self.pose, dtype=float), (len(state), 1, 1)),
            "time": self.log.times[state["frame"], None] - self.log.times[0],
        }

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        targets, ids = self._targets
        frame = state["frame"]
        return {
            "targets": targets[frame], "alive": (ids[frame] != 0).astype(np.int8), "target_ids": ids[frame],
            "frame": frame, "cutoff": np.full(len(state), self.scoring_cutoff),
        }  # fmt: skip

    def check(self, state: np.ndarray) -> None:
        if not np.isfinite(state["detections"]).all():
            raise MalformedInput("snapshot['detections'] must be finite")
        for name, most in (("steps", self.length), ("frame", len(self.log) - 1), ("counts", self.room)):
            if not ((state[name] >= 0) & (state[name] <= most)).all():
                raise MalformedInput(f"snapshot['{name}'] must lie in 0..{most}")

    def frame(self, episode: np.ndarray) -> np.ndarray:
        """(height, width, 3) uint8: the detections of the frame, with the labels' places under them."""
        now, (low, high) = episode[-1], self.log.bounds
        scale = SIDE * FINE / max(float((high - low)[:2].max()), 1e-9)
        size = [max(int(side * scale), 1) + 40 * FINE for side in (high - low)[:2]]
        image = Image.new("RGB", size, (255, 255, 255))
        draw = ImageDraw.Draw(image)
        targets, ids = (table[now["frame"]] for table in self._targets)
        found = now["detections"][: now["counts"][0], :2]
        for points, radius, colour in ((targets[ids != 0, :2], 5, (147, 180, 246)), (found, 2, (179, 36, 95))):
            for x, y in (points - low[:2]) * scale + 20 * FINE:
                r = radius * FINE
                draw.ellipse((x - r, image.height - y - r, x + r, image.height - y + r), fill=colour)
        draw.text((4, 4), f"frame {now['frame']}", fill=(92, 101, 115), font_size=12 * FINE)
        return np.array(image.reduce(FINE))

    @property
    def _found(self) -> tuple[int, int]:
        return self.room, self.log.detections.shape[1]

    @functools.cached_property
    def _rows(self) -> tuple[np.ndarray, np.ndarray]:
        return np.ascontiguousarray(self.log.detections), self.log.detection_first

    @functools.cached_property
    def _targets(self) -> tuple[np.ndarray, np.ndarray]:
        """The labels of all frames, (F, T, 4), and their ids (F, T): from 1, in the order of the log's own."""
        most = max(int(np.diff(self.log.target_first).max()), 1)
        targets, ids = np.zeros((len(self.log), most, 4)), np.zeros((len(self.log), most), dtype=np.int64)
        order = np.unique(self.log.target_ids)
        for f in range(len(self.log)):
            rows, own = self.log.targets_at(f)
            targets[f, : len(rows)], ids[f, : len(rows)] = rows, 1 + np.searchsorted(order, own)
        return targets, ids

    @functools.cached_property
    def _settings(self) -> np.ndarray:
        low, high = self.log.bounds
        return constants(
            dropped=self.dropped, noise_std=self.noise_std, clutter=self.clutter, low=low, high=high,
            length=self.length, starts=len(self.log) - self.length,
        )  # fmt: skip


class DetectionReplayEnv(SingleView):
    parameters = DetectionReplay


class DetectionReplayVectorEnv(VectorView):
    parameters = DetectionReplay
