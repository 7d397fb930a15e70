"""A recorded episode as a GIF or an MP4."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput, MissingExtra, require
from plansim.scenario.result import Key, Result
from plansim.viz.canvas import Canvas
from plansim.viz.growth import first_expanded
from plansim.viz.markup import number
from plansim.viz.player import MOST_BEAMS, MOST_PARTICLES, view
from plansim.viz.road_scene import road_frames
from plansim.viz.scene import Track, World, track, world_of
from plansim.viz.stage import draw_ground, draw_robot, draw_search
from plansim.viz.style import LIGHT, rgb
from plansim.viz.watched_pictures import watched_frames

FRAMES_PER_SECOND = 14
MOST_FRAMES = 140  # ten seconds
GROWING_FRAMES = 42  # of a search, before the motion
WIDTH, TALLEST = 640, 480  # pixels


def write_animation(result: Result, path: str | Path, episode: Key | int | None = None) -> Path:
    """Draws a recorded episode, by its seed or (variant, seed), the first one where none is named, to .gif or .mp4.

    An environment that is no place on a map is run again with the recorded actions, and its own pictures are taken.
    """
    path = Path(path)
    if path.suffix not in (".gif", ".mp4"):
        raise MalformedInput(f"{path.name}: an animation is a .gif or an .mp4")
    if path.suffix == ".mp4":
        _require_ffmpeg()
    key = _chosen(result, episode)
    world = world_of(result, key[0])
    shown = track(result.records[key], *key, most=MOST_FRAMES)
    if world.road is not None:
        pictures = road_frames(shown, world, WIDTH, TALLEST)
    elif shown.watched is not None:
        pictures = watched_frames(shown, world, WIDTH, TALLEST)
    else:
        pictures = frames(shown, world) if shown.placed else replayed(result, key)
    (_write_gif if path.suffix == ".gif" else _write_mp4)(path, pictures)
    return path


def _chosen(result: Result, episode: Key | int | None) -> Key:
    keys = list(result.records)
    if not keys:
        raise MalformedInput("no episode of this result was recorded; set `record` in the scenario")
    if episode is None:
        order = {variant: i for i, variant in enumerate(result.variants)}
        return min(keys, key=lambda key: (order.get(key[0], len(order)), key[1]))
    for key in keys:
        if episode in (key, key[1]):
            return key
    raise MalformedInput(f"episode {episode} was not recorded; recorded: {', '.join(str(k[1]) for k in sorted(keys))}")


def frames(track: Track, world: World) -> Iterator[Any]:
    """The moments of an episode as Pillow images: first a search as it grows, then map, plan, trails, robot."""
    canvas = Canvas(view(track, world), WIDTH, TALLEST)
    truth = np.asarray(track.truth)
    if track.tree is not None or len(first_expanded(track)):
        empty = draw_ground(canvas, world)
        for share in np.linspace(0.0, 1.0, GROWING_FRAMES):
            canvas.begin(empty)
            draw_search(canvas, track, world, share)
            if track.goal is not None:
                canvas.ring(track.goal[0], world.goal_radius or 0.0, LIGHT["good"], (*rgb("good"), 40))
            draw_robot(canvas, track, world, 0)
            yield canvas.picture()
    canvas.begin(draw_ground(canvas, world))
    draw_search(canvas, track, world, 1.0)
    base = canvas.image
    for i in range(len(track.steps)):
        canvas.begin(base)
        _behind(canvas, track, world, truth[i], i)
        canvas.line(truth[: i + 1], LIGHT["truth"], 2.5)
        if track.estimate is not None:
            canvas.line(track.estimate[: i + 1], LIGHT["estimate"], 1.2)
        if track.obstacles is not None:
            canvas.dots(track.obstacles.at(i), LIGHT["obstacles"], 2.4)
        if track.particles is not None:
            points = track.particles.at(i)
            canvas.dots(points[:: max(len(points) // MOST_PARTICLES, 1)], LIGHT["particles"], 1.4)
        draw_robot(canvas, track, world, i)
        canvas.words(_caption(track, world, i))
        yield canvas.picture()


def _behind(canvas: Canvas, track: Track, world: World, pose: Array, i: int) -> None:
    for x, y, radius in [] if track.discs is None else track.discs[i]:
        if radius > 0:
            canvas.ring(np.array([x, y]), radius, LIGHT["obstacles"], LIGHT["occupied"])
    if track.ranges is not None and world.beam_angles is not None and track.ranges.shape[1:] == world.beam_angles.shape:
        every = -(-len(world.beam_angles) // MOST_BEAMS)
        ends, hits = _beam_ends(pose, track.ranges[i, ::every], world.beam_angles[::every], world.max_range)
        canvas.rays(pose, ends, (*rgb("beams"), 110))
        canvas.dots(ends[hits], LIGHT["beams"], 1.2)
    if track.path is not None:
        canvas.line(track.path.at(i), LIGHT["plan"], 1.6)
    if track.goal is not None:
        canvas.ring(track.goal[i], world.goal_radius or 0.0, LIGHT["good"], (*rgb("good"), 40))


def _beam_ends(pose: Array, ranges: Array, angles: Array, longest: float | None) -> tuple[Array, Array]:
    """Where the beams end, (B, 2), and which of them hit something."""
    reach = np.where(np.isfinite(ranges), ranges, longest or 0.0)
    heading = pose[2] + angles
    ends = pose[:2] + reach[:, None] * np.stack((np.cos(heading), np.sin(heading)), -1)
    return ends, reach < (longest or np.inf) - 0.02


def _caption(track: Track, world: World, i: int) -> str:
    step = int(track.steps[i])
    said = f"{step * world.dt:.1f} s" if world.dt else f"step {step}"
    error = np.nan if track.position_error is None else float(track.position_error[i])
    return f"{said}    error {number(round(error, 3))} m".replace("−", "-") if np.isfinite(error) else said


def replayed(result: Result, key: Key) -> Iterator[Any]:
    """The environment's own pictures of the recorded actions, from the same seed."""
    from PIL import Image

    from plansim.scenario.build import build

    env = build(result.scenario, key[0]).make_env(render_mode="rgb_array")
    if env.render_mode != "rgb_array":
        raise MalformedInput(f"{result.scenario.env.get('id')} draws no rgb_array pictures, so it cannot be animated")
    actions = result.records[key]["action"]
    kept = set(np.linspace(0, len(actions), min(MOST_FRAMES, len(actions) + 1)).round().astype(int))
    env.reset(seed=key[1])
    for i in range(len(actions) + 1):
        if i in kept:
            yield Image.fromarray(np.asarray(env.render()))
        if i < len(actions):
            env.step(actions[i])
    env.close()


def _write_gif(path: Path, pictures: Iterator[Any]) -> None:
    """All frames in the colours of four of them, so that what does not move costs nothing."""
    from PIL import Image

    images = list(pictures)
    samples = [images[i] for i in sorted({0, len(images) // 8, len(images) // 2, len(images) - 1})]
    strip = Image.fromarray(np.concatenate([np.asarray(image.convert("RGB")) for image in samples]))
    palette = strip.quantize(96, Image.Quantize.MEDIANCUT)
    flat = [image.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    times = [1000 // FRAMES_PER_SECOND] * (len(flat) - 1) + [1500]  # the end stays for a moment
    flat[0].save(path, save_all=True, append_images=flat[1:], duration=times, loop=0, optimize=False)


def _require_ffmpeg() -> None:
    require("imageio", "viz")
    try:
        import imageio_ffmpeg  # noqa: F401
    except ImportError:
        raise MissingExtra("an .mp4 needs imageio-ffmpeg: pip install imageio-ffmpeg, or write a .gif") from None


def _write_mp4(path: Path, pictures: Iterator[Any]) -> None:
    imageio = require("imageio.v2", "viz")
    with imageio.get_writer(path, fps=FRAMES_PER_SECOND, macro_block_size=2) as writer:
        for picture in pictures:
            writer.append_data(np.asarray(picture.convert("RGB")))
