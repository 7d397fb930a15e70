"""CARMEN's logs: what a line says, packed or not, and what is wrong with one that says something else."""

import bz2
import gzip

import numpy as np
import pytest

from plansim.core.carmen import read_carmen
from plansim.core.errors import MalformedInput

LINE = "FLASER 3 1.5 81.83 2.25 0.5 -0.25 1.5 0.4 -0.2 1.25 976052857.3 nohost 0.75\n"
TEXT = "# message formats\nPARAM laser 0 nohost 0\nODOM 0 0 0 0 0 0 0.1 nohost 0.1\n" + LINE + LINE


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_a_scan_is_ranges_pose_odometry_and_time(tmp_path, pack):
    path = tmp_path / "robot.log"
    path.write_bytes(pack(TEXT.encode()))
    log = read_carmen(path)
    assert log.ranges.tolist() == [[1.5, 81.83, 2.25]] * 2
    assert log.poses.tolist() == [[0.5, -0.25, 1.5]] * 2
    assert log.odometry.tolist() == [[0.4, -0.2, 1.25]] * 2
    assert log.times.tolist() == [0.75] * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT + LINE.replace("FLASER 3", "FLASER 4"), "robot.log:6: a scan of 4 beams"),
        (TEXT + LINE.replace("FLASER 3 1.5", "FLASER 2"), "robot.log:6: the scan has 2 beams, but those before it 3"),
        (TEXT + LINE.replace("2.25", "far"), "robot.log:6: a range, a pose or the time is no number"),
        ("ODOM 0 0 0 0 0 0 0.1 nohost 0.1\n", "no line FLASER"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(tmp_path, text, message):
    path = tmp_path / "robot.log"
    path.write_text(text)
    with pytest.raises(MalformedInput, match=message):
        read_carmen(path)


def test_half_a_packed_file_is_no_log(tmp_path):
    path = tmp_path / "robot.log.gz"
    path.write_bytes(gzip.compress(TEXT.encode())[:-9])
    with pytest.raises(MalformedInput, match="cannot be unpacked"):
        read_carmen(path)


def test_the_corrected_intel_log_has_its_910_scans(data):
    log = read_carmen(data / "laser/intel-corrected.log.gz")
    assert log.ranges.shape == (910, 180)
    assert np.hypot(*np.diff(log.poses[:, :2], axis=0).T).max() < 2.0
    assert np.diff(log.times).min() > -1.0
