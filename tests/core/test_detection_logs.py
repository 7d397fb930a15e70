"""Logs of detections: their frames, and readers of files as others write them."""

from __future__ import annotations

import gzip
import time

import numpy as np
import pytest

from plansim.core.ais import EARTH, read_ais
from plansim.core.detection_log import DetectionLog, two_walkers, with_velocities
from plansim.core.errors import MalformedInput
from plansim.core.kitti_tracking import read_kitti_detections, read_kitti_labels, read_kitti_tracking
from plansim.core.motchallenge import read_image_boxes, read_motchallenge
from plansim.core.pedestrians import read_pedestrians

LABEL = "0 3 Car 0 1 -1.5 600 170 680 230 1.5 1.6 4.0 2.0 1.7 20.0 -1.5707963267948966"
DETECTION = "0,2,600,170,680,230,9.5,1.5,1.6,4.0,2.0,1.7,20.0,0.0,-1.5"


def written(folder, name, *lines):
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_logs_rows_belong_to_its_frames():
    log = two_walkers(4)
    assert len(log) == 4
    assert log.dt == 0.5
    assert log.detections_at(2).tolist() == [[1.0, 0.0], [1.0, 4.0]]
    targets, ids = log.targets_at(3)
    assert targets.tolist() == [[1.5, 0.0, 1.0, 0.0], [1.5, 4.0, 1.0, 0.0]]
    assert ids.tolist() == [1, 2]
    assert [bound.tolist() for bound in log.bounds] == [[0.0, 0.0], [1.5, 4.0]]


def test_velocities_are_slopes_of_each_targets_own_course():
    times = np.array([0.0, 0.0, 1.0, 3.0])
    positions = np.array([[0.0, 0.0], [9.0, 9.0], [1.0, 2.0], [7.0, 2.0]])
    found = with_velocities(positions, np.array([1, 2, 1, 1]), times)
    np.testing.assert_allclose(found[:, 2:], [[1, 2], [0, 0], [5 / 3, 4 / 3], [3, 0]])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"times": [0.0, 0.0]}, "ascending"),
        ({"detection_first": [0, 1, 1]}, "from 0 to 2"),
        ({"detections": [[0.0, np.nan], [1.0, 1.0]]}, "leave out what is not there"),
        ({"target_ids": [5, 5], "target_first": [0, 2, 2]}, "frame 0 has a target twice"),
        ({"detections": [[0.0], [1.0]]}, r"must be \(N, 2\)"),
    ],
)
def test_a_log_that_cannot_be_is_refused(change, says):
    right = {
        "times": [0.0, 1.0], "detections": [[0.0, 0.0], [1.0, 1.0]], "detection_first": [0, 1, 2],
        "targets": np.zeros((2, 4)), "target_ids": [5, 5], "target_first": [0, 1, 2],
    }  # fmt: skip
    assert len(DetectionLog(**right)) == 2
    with pytest.raises(MalformedInput, match=says):
        DetectionLog(**{**right, **change})


def test_a_kitti_label_lies_ahead_and_to_the_right(tmp_path):
    marked = read_kitti_labels(written(tmp_path, "0000.txt", LABEL))
    # camera: 2 m right, 1.7 m down to the wheels, 20 m ahead; it drives away: heading ahead
    np.testing.assert_allclose(marked.boxes, [[20.0, -2.0, 0.75 - 1.7, 4.0, 1.6, 1.5, 0.0]], atol=1e-12)
    assert marked.image_boxes.tolist() == [[600.0, 170.0, 80.0, 60.0]]
    found = read_kitti_detections(written(tmp_path, "found.txt", DETECTION))
    np.testing.assert_allclose(found.boxes[0, 6], -np.pi / 2)  # to the right
    assert found.scores.tolist() == [9.5]


def test_kitti_files_in_any_order_of_frames(tmp_path):
    labels = written(tmp_path, "a.txt", LABEL.replace("0 3", "2 3", 1), LABEL, "1 -1 DontCare" + " -1" * 14)
    found = written(tmp_path, "b.txt", "1" + DETECTION[1:], DETECTION, "0,2" + DETECTION[3:].replace("9.5", "0.5"))
    log = read_kitti_tracking(labels, found, least_score=1.0)
    assert [len(log.detections_at(f)) for f in range(3)] == [1, 1, 0]
    assert [log.targets_at(f)[1].tolist() for f in range(3)] == [[3], [], [3]]
    assert read_kitti_labels(labels).categories.tolist() == ["Car", "DontCare", "Car"]
    assert read_kitti_tracking(labels).detections.tolist() == [[20.0, -2.0]] * 2


@pytest.mark.parametrize(
    ("read", "good", "bad", "says"),
    [
        (read_kitti_labels, LABEL, LABEL + " 0.3", r"a.txt:2: found 18 words"),
        (read_kitti_labels, LABEL, LABEL.replace("20.0", "abc"), "a.txt:2: z is 'abc'"),
        (read_kitti_labels, LABEL, LABEL.replace("0 3", "0.5 3", 1), "a.txt:2: frame is '0.5'"),
        (read_kitti_detections, DETECTION, DETECTION + ",1", "a.txt:2: found 16 words"),
        (read_kitti_detections, DETECTION, DETECTION.replace("9.5", "nan"), "a.txt:2: score is 'nan'"),
        (read_image_boxes, "1,1,0,0,5,5,1", "0,1,0,0,5,5,1", "a.txt:2: frame is 0"),
        (read_image_boxes, "1,1,0,0,5,5,1", "1,1,0,0,0,5,1", "a.txt:2: width and height are 0 and 5"),
        (read_image_boxes, "1,1,0,0,5,5,1", "1,1,0,0,5", "a.txt:2: found 5 columns"),
        (read_pedestrians, "0 1 0 0 0 0 0 0", "0 1 x 0 0 0 0 0", "a.txt:2: x is 'x'"),
        (read_pedestrians, "0 1 0 0 0 0 0 0", "0 1", "a.txt:2: found 2 columns"),
    ],
)
def test_a_broken_line_is_named(read, good, bad, says, tmp_path):
    with pytest.raises(MalformedInput, match=says):
        read(written(tmp_path, "a.txt", good, bad))


@pytest.mark.parametrize("read", [read_kitti_labels, read_kitti_detections, read_image_boxes, read_pedestrians])
def test_an_empty_file_and_none_are_said(read, tmp_path):
    with pytest.raises(MalformedInput, match="holds nothing"):
        read(written(tmp_path, "a.txt", ""))
    with pytest.raises(MalformedInput, match=r"no such file; did you mean 'a.txt'"):
        read(tmp_path / "b.txt")


def test_boxes_of_a_film_are_known_by_their_middles(tmp_path):
    found = written(tmp_path, "det.txt", "2,-1,10,20,4,6,0.9", "1,-1,0,0,2,2,0.2", "2,-1,5,5,2,2,0.7")
    labels = written(tmp_path, "gt.txt", "1,4,0,0,2,2,1", "2,4,1,0,2,2,1", "2,9,1,0,2,2,0")
    log = read_motchallenge(found, labels, frame_rate=10.0, least_confidence=0.5)
    assert log.detections_at(0).tolist() == []
    assert log.detections_at(1).tolist() == [[12.0, 23.0], [6.0, 6.0]]
    assert log.targets_at(1)[1].tolist() == [4]  # confidence 0 is no label
    np.testing.assert_allclose(log.targets_at(1)[0], [[2.0, 1.0, 10.0, 0.0]])
    assert log.unit == "px"


def test_people_stand_every_sixth_image(tmp_path):
    rows = [f"{frame} {who} {x} 0 {y} 0 0 0" for frame, who, x, y in
            [(780, 1, 0, 0), (786, 1, 1, 0), (786, 2, 5, 5), (793, 1, 2, 0), (798, 1, 3, 0)]]  # fmt: skip
    log = read_pedestrians(written(tmp_path, "obsmat.txt", *rows))
    np.testing.assert_allclose(log.times, [0.0, 0.4, 0.8, 1.2])
    assert [log.targets_at(f)[1].tolist() for f in range(4)] == [[1], [1, 2], [1], [1]]
    np.testing.assert_allclose(log.targets_at(2)[0], [[2.0, 0.0, 2.5, 0.0]])


def ais_lines(*reports):
    rows = [f"2016-01-12 13:{s // 60:02d}:{s % 60:02d}.0,{ship},{north},{east},0,0" for s, ship, north, east in reports]
    return ["Time,MMSI,Latitude_degrees,Longitude_degrees,COG_degrees,SOG_knots", *rows]


def test_ships_are_between_their_reports_but_not_across_gaps(tmp_path):
    degree = np.radians(1.0) * EARTH
    lines = ais_lines((0, 7, 50.0, -1.0), (20, 7, 50.001, -1.0), (400, 7, 50.002, -1.0), (0, 8, 50.0, -1.001),
                      (400, 8, 50.0, -1.001), (0, 9, 50.0, 170.0), (10, 9, 50.0, 170.0))  # fmt: skip
    path = tmp_path / "ships.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    log = read_ais(path, dt=10.0, longest_gap=120.0)
    assert np.unique(log.target_ids).tolist() == [7]  # 8 is silent for too long, 9 is nowhere near
    # a report at the very frame counts as the end of what was before it
    frames = np.flatnonzero(np.diff(log.target_first))
    assert frames.tolist() == [1, 2]
    north = log.targets[:, 1]
    np.testing.assert_allclose(np.diff(north), [0.0005 * degree], rtol=1e-9)
    np.testing.assert_allclose(log.targets[:, 3], 0.00005 * degree, rtol=1e-9)


def test_a_broken_ais_file_is_said(tmp_path):
    good = ais_lines((0, 7, 50.0, -1.0))
    for lines, says in (
        (["Time,Latitude_degrees"], "a.csv:1: found the columns.* MMSI, Longitude_degrees"),
        ([*good, "yesterday,7,50,-1,0,0"], "a.csv:3: Time is 'yesterday'"),
        ([*good, "2016-01-12 13:00:00,7,95,-1,0,0"], "a.csv:3: .* are no degrees"),
        ([*good, "2016-01-12 13:00:00,7,50"], "a.csv:3: found 3 columns"),
        (good[:1], "no report follows"),
    ):
        with pytest.raises(MalformedInput, match=says):
            read_ais(written(tmp_path, "a.csv", *lines))
    broken = tmp_path / "a.csv.gz"
    broken.write_bytes(b"no gzip")
    with pytest.raises(MalformedInput, match="packed by gzip"):
        read_ais(broken)
    with pytest.raises(MalformedInput, match="dt is 0"):
        read_ais(broken, dt=0)


def test_numbers_that_no_log_can_hold_are_named_with_their_line(tmp_path):
    for frame in ("1e300", "1e18", "99999999999", "-1"):
        path = written(tmp_path, "label.txt", LABEL, LABEL.replace("0 3", f"{frame} 3", 1))
        with pytest.raises(MalformedInput, match=r"label.txt:2: frame is .*must lie within"):
            read_kitti_tracking(path)
        path = written(tmp_path, "det.txt", f"{frame},-1,10,20,30,40,0.9")
        with pytest.raises(MalformedInput, match=r"det.txt:1: frame is .*must lie within"):
            read_motchallenge(path)
    with pytest.raises(MalformedInput, match=r"label.txt:1: id is '1e19'"):
        read_kitti_labels(written(tmp_path, "label.txt", LABEL.replace("0 3", "0 1e19", 1)))
    with pytest.raises(MalformedInput, match=r"label.txt: target 3 is there twice at 0 s"):
        read_kitti_tracking(written(tmp_path, "label.txt", LABEL, LABEL))
    for rate in (0.0, -1.0, np.nan):
        with pytest.raises(MalformedInput, match="frame_rate is"):
            read_motchallenge(path, frame_rate=rate)
        with pytest.raises(MalformedInput, match="frame_rate is"):
            read_pedestrians(path, frame_rate=rate)


AIS = ("Time,MMSI,Latitude_degrees,Longitude_degrees", "2021-03-28 01:59:50,1,0,{}", "2021-03-28 03:00:10,1,0,{}")


def test_ships_have_no_summer_time_and_no_date_line(tmp_path, monkeypatch):
    lines = [line.format(place) for line, place in zip(AIS, ("", 179.999, -179.999), strict=True)]
    path = written(tmp_path, "ships.csv", "\ufeff" + lines[0], *lines[1:])  # as a spreadsheet writes it
    monkeypatch.setenv("TZ", "Europe/Berlin")  # where that hour is none
    time.tzset()
    try:
        log = read_ais(path, dt=10.0, longest_gap=1e4)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert log.times[-1] == 3620.0
    low, high = log.bounds
    assert high[0] - low[0] == pytest.approx(np.radians(0.002) * EARTH, rel=0.01)


def test_ais_files_that_hold_nothing_near_or_are_spoilt_are_said(tmp_path):
    lines = [line.format(1.0) for line in AIS]
    path = written(tmp_path, "ships.csv", *lines)
    for settings, says in (({"reach": 1e-9}, "no ship is within"), ({"dt": 1e-7}, "too long for a frame every")):
        lines[2] = lines[2].replace(",0,1.0", ",0.001,1.0")
        with pytest.raises(MalformedInput, match=says):
            read_ais(written(tmp_path, "ships.csv", *lines), **settings)
    packed = bytearray(gzip.compress(path.read_bytes() * 100))
    packed[30] ^= 255
    (tmp_path / "ships.csv.gz").write_bytes(bytes(packed))
    with pytest.raises(MalformedInput, match="packed by gzip"):
        read_ais(tmp_path / "ships.csv.gz")


def test_the_recordings_themselves(data):
    kitti, found = (data / f"kitti_tracking/{part}/0006.txt" for part in ("label", "pointrcnn_Car_val"))
    cars = read_kitti_tracking(kitti, found)
    assert (len(cars), len(cars.detections), len(np.unique(cars.target_ids))) == (270, 918, 13)
    # the detector stands by the labels: half of its detections lie within half a metre of one
    near = [
        np.linalg.norm(cars.detections_at(f)[:, None] - cars.targets_at(f)[0][:, :2], axis=-1).min(1)
        for f in range(len(cars))
        if len(cars.targets_at(f)[1])
    ]
    assert np.median(np.concatenate(near)) < 0.5
    people = read_pedestrians(data / "pedestrian/seq_eth_obsmat.txt")
    assert len(np.unique(people.target_ids)) == 360
    assert 0.8 < np.median(np.hypot(*people.targets[:, 2:].T)) < 1.8  # m/s, as people walk
    ships = read_ais(data / "adsb_ais/SolentAIS_20160112_130211.csv.gz")
    assert len(np.unique(ships.target_ids)) > 40
    assert np.hypot(*ships.targets[:, 2:].T).max() < 30.0
    film = read_motchallenge(data / "mot/TUD-Campus/test.txt", data / "mot/TUD-Campus/gt.txt")
    assert (len(film), len(film.targets), len(film.detections)) == (71, 359, 222)
