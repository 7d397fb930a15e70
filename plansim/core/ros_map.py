"""Maps of ROS: a yaml of map_server beside its image, read by the rules of nav2_map_server.

With shade the brightness of a pixel and occ = 1 - shade (or shade, where `negate`), the modes are

    trinary  occ > occupied_thresh: occupied; occ < free_thresh: free; else unknown.  Opacity counts as brightness
    scale    the same, but between the thresholds occ is stretched to 1 ... 99 %, and transparent is unknown
    raw      the pixel's value, 0 ... 100 of 255, is the percentage; above is unknown.  `negate` is ignored

Unknown cells get the probability 0.5.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.grid import OccupancyGrid
from plansim.core.input_files import malformed, read_bytes, read_text
from plansim.core.pgm import read_pgm, write_pgm

MODES = ("trinary", "scale", "raw")


def read_ros_map(path: str | Path) -> OccupancyGrid:
    """The map that a yaml of map_server describes, its image beside it or at an absolute path.

    In mode `scale` only what map_server publishes as 100 is occupied, and as 0 is free; otherwise the file's thresholds
    hold for the grid too, moved so that 1 is occupied, 0 free and 0.5 neither.
    """
    text = _Description(Path(path))
    mode = text.word("mode", MODES) if "mode" in text.values else "trinary"
    low, high = text.number("free_thresh"), text.number("occupied_thresh")
    if not 0.0 <= low < high <= 1.0:
        text.fail(
            "free_thresh", f"found {low}, with occupied_thresh {high}, but 0 <= free_thresh < occupied_thresh <= 1"
        )
    if not (resolution := text.number("resolution")) > 0:
        text.fail("resolution", f"found {resolution}, but must be metres a pixel, above 0")
    origin, negate = text.pose("origin"), text.flag("negate")
    pixels, white = _read_image(text.image())
    probability = _probability(pixels, white, mode, negate, low, high)[::-1]
    low, high = (0.005, 0.995) if mode == "scale" else (min(max(low, 0.005), 0.5), max(min(high, 0.995), 0.5))
    return OccupancyGrid(probability, resolution, origin, occupied_above=high, free_below=low)


def write_ros_map(grid: OccupancyGrid, path: str | Path, mode: str = "trinary", image: str | None = None) -> None:
    """Writes the yaml and, beside it, its image: `image`, .pgm or .png, by default the yaml's name.

    trinary keeps free, occupied and unknown; scale (png only) and raw keep the probability to half a percent.
    """
    import yaml

    path = Path(path)
    if mode not in MODES:
        raise MalformedInput(f"mode is '{mode}', but must be one of {', '.join(MODES)}{near_miss(mode, MODES)}")
    image = image or path.with_suffix(".png" if mode == "scale" else ".pgm").name
    shade, opacity = _shade(grid, mode)
    _write_image(shade[::-1], None if opacity is None else opacity[::-1], path.parent / image)
    # 205, the grey of unknown, has occ = 0.1961
    low, high = {"trinary": (min(grid.free_below, 0.196), grid.occupied_above), "scale": (0.0, 1.0)}.get(
        mode, (grid.free_below, grid.occupied_above)
    )
    description = {"image": image, "mode": mode, "resolution": grid.resolution, "origin": grid.origin.tolist()}
    description |= {"negate": 0, "occupied_thresh": high, "free_thresh": low}
    path.write_text(yaml.safe_dump(description, sort_keys=False, default_flow_style=None), encoding="utf-8")


def _probability(pixels: Array, white: float, mode: str, negate: bool, low: float, high: float) -> Array:
    opaque = pixels[..., 3] == white if pixels.shape[-1] == 4 else True
    # whole numbers are averaged before they are divided, so that a grey equal to a threshold stays equal
    shade = (pixels if mode == "trinary" else pixels[..., :3]).mean(-1) / white
    if mode == "raw":
        percent = np.floor(shade * 255 + 0.5)
        return np.where(percent <= 100, percent / 100, 0.5)
    occ = shade if negate else 1.0 - shade
    between = 0.5 if mode == "trinary" else np.rint((occ - low) / (high - low) * 100) / 100
    probability = np.where(occ > high, 1.0, np.where(occ < low, 0.0, between))
    return np.where(opaque, probability, 0.5) if mode == "scale" else probability


def _shade(grid: OccupancyGrid, mode: str) -> tuple[Array, Array | None]:
    """What map_saver would paint: grey values (H, W), and opacity where the mode needs it."""
    p, known = grid.probability, grid.probability != 0.5
    if mode == "trinary":
        return np.where(grid.occupied, 0, np.where(grid.free, 254, 205)), None
    if mode == "scale":
        return np.rint(255 * (1 - p)).astype(int), np.where(known, 255, 0)
    return np.where(known, np.rint(100 * p), 255).astype(int), None


def _read_image(path: Path) -> tuple[Array, float]:
    """Pixels (H, W, 1, 3 or 4): grey, colours, colours and opacity; and the value of white."""
    if read_bytes(path)[:2] in (b"P2", b"P5"):
        return read_pgm(path)[..., None], 1.0
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.mode.startswith("I"):
                return np.asarray(image)[..., None], 65535.0
            transparent = "A" in image.getbands() or "transparency" in image.info
            return np.asarray(image.convert("RGBA" if transparent else "RGB")), 255.0
    except Exception as error:  # a broken image fails in as many ways as there are formats
        malformed(path, None, f"is no image that can be read ({error}); map_server's are pgm and png")


def _write_image(shade: Array, opacity: Array | None, path: Path) -> None:
    if path.suffix not in (".pgm", ".png") or (opacity is not None and path.suffix == ".pgm"):
        raise MalformedInput(f"{path}: a map's image must be .png, or .pgm where the mode needs no transparency")
    if path.suffix == ".pgm":
        return write_pgm(shade, path)
    from PIL import Image

    bands = [shade] if opacity is None else [shade, opacity]
    pixels = np.stack(bands, axis=-1).astype(np.uint8)
    Image.fromarray(pixels[..., 0] if opacity is None else pixels).save(path)


class _Description:
    """The keys of a map's yaml, each with its line."""

    KEYS = ("image", "mode", "resolution", "origin", "negate", "occupied_thresh", "free_thresh")

    def __init__(self, path: Path):
        self.path = path
        self.values, self.lines = _read_mapping(path)

    def fail(self, key: str, message: str) -> NoReturn:
        malformed(self.path, self.lines.get(key), f"{key}: {message}")

    def value(self, key: str) -> Any:
        if key not in self.values:
            for other in self.lines.keys() - set(self.KEYS):
                if meant := near_miss(other, [key]):
                    self.fail(other, f"a map has no such key{meant}")
            self.fail(key, "is missing")
        return self.values[key]

    def number(self, key: str) -> float:
        return self._finite(key, self.value(key))

    def pose(self, key: str) -> Array:
        value = self.value(key)
        if not isinstance(value, list) or len(value) != 3:
            self.fail(key, f"found {value!r}, but must be a pose [x, y, heading]")
        return np.array([self._finite(key, v) for v in value])

    def flag(self, key: str) -> bool:
        value = self.value(key)
        if value not in (0, 1) or isinstance(value, float):
            self.fail(key, f"found {value!r}, but must be 0 or 1")
        return bool(value)

    def word(self, key: str, words: tuple[str, ...]) -> str:
        value = self.value(key)
        if value not in words:
            self.fail(key, f"found {value!r}, but must be one of {', '.join(words)}{near_miss(value, words)}")
        return value

    def image(self) -> Path:
        name = self.value("image")
        if not isinstance(name, str) or not name:
            self.fail("image", f"found {name!r}, but must be the path of an image")
        image = self.path.parent / name
        if not image.is_file():
            beside = [p.name for p in image.parent.iterdir()] if image.parent.is_dir() else []
            self.fail("image", f"there is no file {image}{near_miss(image.name, beside)}")
        return image

    def _finite(self, key: str, value: Any) -> float:
        try:
            number = float(value) if not isinstance(value, bool) else float("nan")
        except (TypeError, ValueError):
            number = float("nan")
        if not np.isfinite(number):
            self.fail(key, f"found {value!r}, but must be a finite number")
        return number


def _read_mapping(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """The values of a yaml's keys, and the lines of the keys."""
    import yaml

    text = read_text(path)
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        values = loader.construct_document(node) if node else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        malformed(path, mark.line + 1 if mark else None, f"is no YAML: {getattr(error, 'problem', None) or error}")
    if node is None or not isinstance(values, dict):
        malformed(path, 1, f"the file must be a mapping of {', '.join(_Description.KEYS)}")
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if key.value in lines:
            malformed(path, key.start_mark.line + 1, f"{key.value}: stands already in line {lines[key.value]}")
        lines[key.value] = key.start_mark.line + 1
    return values, lines
