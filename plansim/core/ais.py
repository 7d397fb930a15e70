"""Ships' own reports of where they are (AIS): a table of time, ship, latitude and longitude."""

from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from plansim.core.arrays import Array
from plansim.core.detection_log import DetectionLog, of_courses
from plansim.core.errors import MalformedInput
from plansim.core.input_files import malformed, read_bytes
from plansim.core.layout import wrap_angle
from plansim.core.text_tables import MOST_FRAMES, number_of, table_lines, whole_of

EARTH = 6_371_008.8  # m, mean radius
_NEEDED = ("Time", "MMSI", "Latitude_degrees", "Longitude_degrees")


def read_ais(path: str | Path, dt: float = 10.0, longest_gap: float = 120.0, reach: float = 100_000.0) -> DetectionLog:
    """Ships' places every dt seconds, in metres east and north of the middle of them all, which stand for detections.

    Ships report when they like: between two reports a ship is on the straight line, and where they are more than
    `longest_gap` seconds apart it is not there. The plane touches the Earth in the middle, which is the median
    (equirectangular); reports from farther than `reach` metres are left out, for some ships do not know where they are.
    """
    if not (dt > 0 and longest_gap > 0 and reach > 0):
        raise MalformedInput(f"dt is {dt} s, longest_gap {longest_gap} s and reach {reach} m, but all must be positive")
    seconds, ships, latitude, longitude = _reports(Path(path))
    north, east = (np.radians(degrees) for degrees in (latitude, longitude))
    east = east[0] + wrap_angle(east - east[0])  # ships on both sides of the date line are near each other
    middle = np.median(north), np.median(east)
    places = EARTH * np.column_stack(((east - middle[1]) * np.cos(middle[0]), north - middle[0]))
    near = np.hypot(*places.T) <= reach
    if not near.any():
        malformed(Path(path), None, f"no ship is within the reach of {reach:g} m from the middle of them all")
    seconds, ships, places = seconds[near], ships[near], places[near]
    if seconds.max() / dt > MOST_FRAMES:
        malformed(Path(path), None, f"the reports span {seconds.max():g} s, too long for a frame every {dt:g} s")
    known = np.unique(ships).tolist()
    times = np.arange(0.0, seconds.max() + 1e-9, dt)
    courses = [_course(times, seconds[ships == ship], places[ships == ship], longest_gap) for ship in known]
    ids = np.concatenate([np.full(len(course[0]), ship) for course, ship in zip(courses, known, strict=True)])
    frames, positions = (np.concatenate([course[k] for course in courses]) for k in (0, 1))
    return of_courses(times, frames, ids, positions, title=Path(path).name.split(".")[0])


def _course(times: Array, seconds: Array, places: Array, longest_gap: float) -> tuple[Array, Array]:
    """The frames in which a ship is there, (L,), and where it is then, (L, 2)."""
    order: Array = np.argsort(seconds, kind="stable")
    seconds, places = seconds[order], places[order]
    after: Array = np.searchsorted(seconds, times)
    between = (after > 0) & (after < len(seconds))
    frames = np.flatnonzero(between)
    frames = frames[seconds[after[frames]] - seconds[after[frames] - 1] <= longest_gap]
    return frames, np.column_stack([np.interp(times[frames], seconds, places[:, k]) for k in (0, 1)])


def _reports(path: Path) -> tuple[Array, Array, Array, Array]:
    """Seconds since the first report, the ship's number, degrees north and degrees east, each (N,)."""
    data = read_bytes(path)
    try:
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        malformed(path, None, f"is no text, packed by gzip where its name says so: {error}")
    lines = table_lines(path, ",", text=text)
    header = next(lines, (1, []))[1]
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        malformed(path, 1, f"found the columns {', '.join(header)[:80]}, but there must be {', '.join(missing)} too")
    columns = [header.index(name) for name in _NEEDED]
    rows = [_report(path, line, words, columns, len(header)) for line, words in lines]
    if not rows:
        malformed(path, None, "no report follows the header")
    stamps, ships, north, east = zip(*rows, strict=True)
    seconds = np.array(stamps)
    return seconds - seconds.min(), np.array(ships), np.array(north), np.array(east)


def _report(path: Path, line: int, words: list[str], columns: list[int], width: int) -> tuple[float, int, float, float]:
    if len(words) != width:
        malformed(path, line, f"found {len(words)} columns, but the header has {width}")
    stamp, ship, north, east = (words[k] for k in columns)
    try:
        moment = datetime.fromisoformat(stamp)
        # without a zone it is UTC, as AIS has it: the computer's own zone may have a summer time
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        malformed(path, line, f"Time is '{stamp}', but must be like 2016-01-12 13:02:11.218")
    latitude, longitude = number_of(path, line, _NEEDED[2], north), number_of(path, line, _NEEDED[3], east)
    if abs(latitude) > 90 or abs(longitude) > 180:
        malformed(path, line, f"({latitude}, {longitude}) are no degrees of latitude and longitude")
    return seconds, whole_of(path, line, "MMSI", ship), latitude, longitude
