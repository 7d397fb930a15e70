"""What is measured of an estimate, against errors that were drawn from what it claims."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.layout import layout
from plansim.scenario.estimation_metrics import chi_square_bounds, normalised_squares
from plansim.scenario.load import load
from plansim.scenario.metrics import Log, columns_for, measure
from plansim.scenario.run import run

STATE = layout("x heading", angles="heading")


def claimed(cov, count=4000, scale=1.0, seed=0) -> Log:
    """An episode whose errors are `scale` times as large as the covariance says."""
    rng = np.random.default_rng(seed)
    errors = scale * rng.multivariate_normal(np.zeros(len(cov)), cov, count)
    truth = rng.normal(size=(count + 1, len(cov)))
    covs = np.broadcast_to(cov, (count, *np.shape(cov)))
    columns = {"info.state": list(truth), "trace.mean": list(truth[:-1] + errors), "trace.cov": list(covs)}
    return Log(steps=count, columns=columns, state=STATE, dt=0.1)


COV = np.array([[0.5, 0.02], [0.02, 0.01]])


def test_an_honest_claim_has_the_nees_of_its_components_within_the_bounds():
    assert measure("nees", claimed(COV)) == pytest.approx(2.0, abs=0.1)
    assert measure("nees_share", claimed(COV)) == pytest.approx(0.95, abs=0.012)


def test_twice_the_error_is_four_times_the_nees():
    assert measure("nees", claimed(COV, scale=2.0)) == pytest.approx(4 * measure("nees", claimed(COV)))
    assert measure("nees_share", claimed(COV, scale=2.0)) < 0.75
    assert measure("nees_share", claimed(COV, scale=0.05)) < 0.5  # a filter that knows more than it says


def test_the_root_mean_square_is_that_of_all_components_and_of_each():
    log = claimed(COV)
    assert measure("rmse", log) == pytest.approx(np.sqrt(0.51), rel=0.03)
    assert measure("rmse_x", log) == pytest.approx(np.sqrt(0.5), rel=0.03)
    assert measure("rmse_heading", log) == pytest.approx(0.1, rel=0.03)
    assert measure("rmse_speed", log) is None
    last = log.columns["trace.mean"][-1] - log.columns["info.state"][-2]
    assert measure("final_error", log) == pytest.approx(np.linalg.norm(last))


def test_angles_are_compared_the_short_way_round():
    log = claimed(COV)
    log.columns["trace.mean"] = [mean + np.array([0.0, 2 * np.pi]) for mean in log.columns["trace.mean"]]
    assert measure("rmse_heading", log) == pytest.approx(0.1, rel=0.03)
    assert measure("nees", log) == pytest.approx(2.0, abs=0.1)
    log.state = None
    assert measure("rmse", log) > 6.0


def test_an_estimate_of_more_than_the_truth_is_judged_by_what_both_have():
    wide = claimed(np.diag([0.5, 0.01, 9.0]))
    wide.columns["info.state"] = [truth[:2] for truth in wide.columns["info.state"]]
    assert measure("nees", wide) == pytest.approx(2.0, abs=0.1)
    assert measure("rmse", wide) == pytest.approx(np.sqrt(0.51), rel=0.03)


def test_a_singular_covariance_forgives_no_error_and_blames_none_that_is_not_there():
    singular = np.diag([1.0, 0.0])[None]
    assert normalised_squares(np.array([[1.0, 0.0]]), singular) == pytest.approx(1.0)
    assert normalised_squares(np.array([[1.0, 1e-3]]), singular)[0] > 1e12
    assert normalised_squares(np.zeros((1, 2)), 0 * singular).tolist() == [0.0]
    narrow = np.array([[[1.0, 0.999], [0.999, 1.0]]])
    assert normalised_squares(np.array([[1.0, -1.0]]), narrow) == pytest.approx(2000.0)
    badly_scaled = np.diag([1e8, 1e-8])[None]
    assert normalised_squares(np.array([[1e4, 1e-4]]), badly_scaled) == pytest.approx(2.0)


def test_the_innovations_are_counted_where_something_was_read():
    log = Log(columns={"trace.nis": [np.nan, 1.0, 9.0, np.nan, 2.0], "trace.nis_size": [0, 1, 1, 0, 2]})
    assert measure("nis", log) == pytest.approx(4.0)
    assert measure("nis_share", log) == pytest.approx(2 / 3)
    nothing = Log(columns={"trace.nis": [np.nan], "trace.nis_size": [0]})
    assert measure("nis", nothing) is None
    assert measure("nis", Log()) is None


def test_the_bounds_are_those_of_the_table():
    low, high = chi_square_bounds(np.array([1, 2, 4]))
    np.testing.assert_allclose(low, [0.000982, 0.0506, 0.484], rtol=1e-2)
    np.testing.assert_allclose(high, [5.024, 7.378, 11.143], rtol=1e-3)
    # the mean of 50 runs of four components: Bar-Shalom's example
    low, high = chi_square_bounds(np.array(200))
    assert (float(low) / 50, float(high) / 50) == pytest.approx((3.2546, 4.8212), abs=1e-4)


def test_an_error_has_settled_when_it_stays_below_a_tenth():
    errors = 10 * np.exp(-np.arange(100) / 10)
    errors[15] = 1.5  # an early look below does not count
    columns = {"info.state": list(np.zeros((101, 1))), "trace.mean": list(errors[:, None])}
    assert measure("settled_after", Log(columns=columns, dt=0.5)) == pytest.approx(24 * 0.5)
    columns["trace.mean"][-1] = np.array([5.0])
    assert measure("settled_after", Log(columns=columns, dt=0.5)) is None


def test_only_what_a_metric_needs_is_kept():
    assert columns_for(["rmse_x"]) == {"info.state", "trace.mean"}
    assert columns_for(["nees"]) == {"info.state", "trace.mean", "trace.cov"}
    assert columns_for(["log_likelihood"]) == frozenset()


WATCH = """
name: watch
episodes: 3
record: 0
env: {id: plansim/Pendulum-v0, start: [3.0, 0.0], max_steps: 20}
policy:
  name: watcher
  dt: 0.05
  estimator: {name: extended-kalman-filter, motion: {name: pendulum}}
  sensors: {angle: {name: linear-sensor, names: angle, matrix: [[1, 0]], cov: [[0.01]], angles: angle}}
  start_mean: [3.0, 0.0]
  start_std: [0.1, 0.1]
metrics: [rmse_angle, nees, nis, log_likelihood]
expect: {rmse_rate: "< 5"}
"""


def test_a_run_measures_without_recording_and_knows_the_worlds_angles(tmp_path):
    (tmp_path / "watch.yaml").write_text(WATCH)
    result = run(load(tmp_path / "watch.yaml"))
    assert not result.records
    values = result.values("rmse_angle")
    assert len(values) == 3
    assert max(values) < 0.5  # it swings through the top, where an angle jumps
    assert all(value is not None for name in ("nees", "nis", "log_likelihood") for value in result.values(name))
    assert result.met


def test_a_record_changes_no_number(tmp_path):
    (tmp_path / "watch.yaml").write_text(WATCH)
    bare, recorded = (run(load(tmp_path / "watch.yaml", [f"record={n}"])) for n in (0, 3))
    assert [e.metrics for e in bare.episodes] == [e.metrics for e in recorded.episodes]
