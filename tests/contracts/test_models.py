"""What every registered motion model and sensor must keep to."""

import inspect

import numpy as np
import pytest

from plansim.core.layout import Layout
from plansim.models.bicycle import Bicycle
from plansim.models.vehicle import compiled_step, compiled_steps, jacobians
from plansim.scenario.registry import BUILTINS, load

# constructor arguments of the components that have no defaults
ARGUMENTS: dict[str, dict] = {
    "range-bearing": {"landmark": (3.0, -2.0)},
    "beacon": {"landmark": (3.0, -2.0)},
    "disturbed": {"motion": Bicycle(), "state_std": (0.1, 0.1, 0.05, 0.1), "control_std": (0.2, 0.01)},
    "linear-system": {
        "names": "position speed",
        "dynamics": [[0.0, 1.0], [-1.0, -0.2]],
        "control_names": "force",
        "input": [[0.0], [1.0]],
        "noise_density": [[0.0, 0.0], [0.0, 0.1]],
    },
}


def _all(kind, *methods):
    """Our registered components of a kind that have these methods."""
    for name, target in BUILTINS[kind].items():
        component = load(target)
        needs = [p for p in inspect.signature(component).parameters.values() if p.default is p.empty]
        if all(hasattr(component, m) for m in methods) and (name in ARGUMENTS or not needs):
            yield pytest.param(component(**ARGUMENTS.get(name, {})), id=name)


motions = pytest.mark.parametrize("motion", list(_all("motion", "step")))
vehicles = pytest.mark.parametrize("vehicle", list(_all("motion", "step", "equations", "inverse")))
steered = pytest.mark.parametrize(
    "vehicle",
    [case for case in _all("motion", "step", "equations", "inverse") if "heading" in case.values[0].state.names],
)
noisy = pytest.mark.parametrize("motion", list(_all("motion", "sample")))
sensors = pytest.mark.parametrize("sensor", list(_all("sensor", "measure")))
integrators = pytest.mark.parametrize(("integrator", "order"), [("euler", 1), ("rk4", 4)])


def _random(model, count, seed=0):
    """States and controls of ordinary size, steering and the like well within their range."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-2, 2, (count, len(model.state))), rng.uniform(-1, 1, (count, len(model.control)))


def _central(f, x, h=1e-6):
    columns = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.shape[-1])]
    return np.stack(columns, axis=-1)


@motions
def test_a_motion_model_says_what_its_numbers_are(motion):
    assert isinstance(motion.state, Layout)
    assert isinstance(motion.control, Layout)
    hash(motion)


@motions
def test_a_batch_of_steps_is_its_members_bit_for_bit(motion):
    x, u = _random(motion, 37)
    batch = motion.step(x, u, 0.1)
    assert np.array_equal(batch, [motion.step(a, b, 0.1) for a, b in zip(x, u, strict=True)])
    assert np.array_equal(batch.reshape(1, 37, -1), motion.step(x[None], u[None], 0.1))
    assert np.array_equal(motion.step(x, u[0], 0.1), [motion.step(a, u[0], 0.1) for a in x])


@motions
def test_a_step_leaves_its_arguments_alone(motion):
    x, u = _random(motion, 3)
    x.setflags(write=False)
    u.setflags(write=False)
    assert not np.shares_memory(motion.step(x, u, 0.1), x)


@vehicles
@pytest.mark.parametrize("integrator", ["rk4", "euler"])
def test_all_machines_agree(vehicle, integrator):
    vehicle = type(vehicle)(integrator=integrator)
    x, u = _random(vehicle, 50)
    expected = vehicle.step(x, u, 0.1)
    parameters, out = np.array(vehicle.parameters()), np.empty_like(x)
    compiled_steps(vehicle)(x, u, parameters, 0.1, out)
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-12)
    step = compiled_step(vehicle)
    for a, b, c in zip(x, u, expected, strict=True):
        step(a, b, parameters, 0.1, a)  # in place
        np.testing.assert_allclose(a, c, rtol=0, atol=1e-12)


@vehicles
def test_the_kernel_of_a_class_is_that_of_its_instances(vehicle):
    assert compiled_step(type(vehicle), vehicle.integrator) is compiled_step(vehicle)


@vehicles
def test_torch_agrees_and_its_derivatives_are_those_of_dual_numbers(vehicle):
    torch = pytest.importorskip("torch")
    x, u = _random(vehicle, 10)
    X, U = torch.tensor(x), torch.tensor(u)
    np.testing.assert_allclose(vehicle.step(X, U, 0.1).numpy(), vehicle.step(x, u, 0.1), rtol=0, atol=1e-12)
    F, G = jacobians(vehicle, x, u, 0.1)
    for i in range(10):
        a, b = torch.autograd.functional.jacobian(lambda p, q: vehicle.step(p, q, 0.1), (X[i], U[i]))
        np.testing.assert_allclose(a.numpy(), F[i], atol=1e-12)
        np.testing.assert_allclose(b.numpy(), G[i], atol=1e-12)
    single = vehicle.step(X.float(), U.float(), 0.1)
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single.numpy(), vehicle.step(x, u, 0.1), atol=1e-5)
    assert vehicle.step(X.to("meta"), U.to("meta"), 0.1).device.type == "meta"  # nothing is made on another device


@vehicles
def test_the_jacobians_are_those_of_finite_differences(vehicle):
    x, u = _random(vehicle, 20)
    F, G = jacobians(vehicle, x, u, 0.1)
    np.testing.assert_allclose(F, _central(lambda a: vehicle.step(a, u, 0.1), x), atol=1e-8)
    np.testing.assert_allclose(G, _central(lambda b: vehicle.step(x, b, 0.1), u), atol=1e-8)
    alone = [jacobians(vehicle, a, b, 0.1) for a, b in zip(x, u, strict=True)]
    assert np.array_equal(F, [a for a, _ in alone])
    assert np.array_equal(G, [b for _, b in alone])
    assert jacobians(vehicle, x, u[0], 0.1)[0].shape == F.shape


@vehicles
def test_reversing_undoes_driving(vehicle):
    x, u = _random(vehicle, 100)
    there = vehicle.step(x, u, 0.1)
    np.testing.assert_allclose(vehicle.step(there, u, -0.1), x, rtol=0, atol=1e-6)


@vehicles
@integrators
def test_the_integrator_has_its_order(vehicle, integrator, order):
    coarse, exact = type(vehicle)(integrator=integrator), type(vehicle)(integrator="rk4")
    x, u = _random(vehicle, 100)
    truth = x
    for _ in range(256):
        truth = exact.step(truth, u, 1.0 / 256)
    errors = []
    for steps in (16, 32):
        y = x
        for _ in range(steps):
            y = coarse.step(y, u, 1.0 / steps)
        errors.append(np.abs(y - truth).max())
    if max(errors) < 1e-12:
        return  # an integrator may be exact
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25)


@vehicles
@pytest.mark.parametrize("dt", [0.02, 0.1, 0.5, -0.1])
def test_inverse_after_forward_gives_the_controls_back(vehicle, dt):
    x, u = _random(vehicle, 500)
    found = vehicle.inverse(x, vehicle.step(x, u, dt), dt)
    np.testing.assert_allclose(vehicle.step(x, found, dt), vehicle.step(x, u, dt), rtol=0, atol=1e-12)
    # a control shows in the state by its column of G, and to rounding over that
    _, G = jacobians(vehicle, x, u, dt)
    visible = np.linalg.svd(G, compute_uv=False)[:, -1] > 1e-6
    assert visible.mean() > 0.95
    np.testing.assert_allclose(found[visible], u[visible], rtol=0, atol=1e-8)


@vehicles
def test_the_inverse_of_a_batch_is_its_members_and_wrapped_states_are_the_same_states(vehicle):
    x, u = _random(vehicle, 20)
    reached = vehicle.step(x, u, 0.1)
    batch = vehicle.inverse(x, reached, 0.1)
    alone = [vehicle.inverse(a, b, 0.1) for a, b in zip(x, reached, strict=True)]
    np.testing.assert_allclose(batch, alone, rtol=0, atol=1e-9)
    np.testing.assert_allclose(vehicle.inverse(x, vehicle.state.wrap(reached), 0.1), batch, rtol=0, atol=1e-9)


@vehicles
def test_a_state_that_does_not_change_needs_no_control(vehicle):
    still = np.zeros(len(vehicle.state))
    assert vehicle.inverse(still, still, 0.1).tolist() == [0.0] * len(vehicle.control)


@steered
def test_control_for_is_one_control_for_each_state(vehicle):
    x = np.arange(3.0 * len(vehicle.state)).reshape(3, -1)
    together = vehicle.control_for(x, 0.8, 0.5, 0.1)
    assert np.array_equal(together, [vehicle.control_for(one, 0.8, 0.5, 0.1) for one in x])


@steered
def test_control_for_a_speed_and_a_curvature_drives_that_circle(vehicle):
    x = np.zeros((3, len(vehicle.state)))
    curvature, dt = np.array([0.0, 0.5, -1.0]), 0.01
    for _ in range(100):  # 1 s to come up to speed, or none
        x = vehicle.step(x, vehicle.control_for(x, 0.8, curvature, 1.0), dt)
    before, path = x, []
    for _ in range(100):
        x = vehicle.step(x, vehicle.control_for(x, 0.8, curvature, dt), dt)
        path.append(x[:, :2])
    length = np.linalg.norm(np.diff([before[:, :2], *path], axis=0), axis=-1).sum(0)
    turned = (x - before)[:, vehicle.state.index("heading")]
    np.testing.assert_allclose(turned / length, curvature, atol=1e-3)
    np.testing.assert_allclose(length[0] / 1.0, 0.8, atol=0.2)


@noisy
def test_samples_scatter_about_the_step_and_repeat_with_their_seed(motion):
    x, u = _random(motion, 1)
    draw = [motion.sample(np.tile(x, (20_000, 1)), u[0], 0.1, np.random.default_rng(1)) for _ in range(2)]
    assert np.array_equal(*draw)
    error = motion.state.difference(draw[0], motion.step(x, u, 0.1))
    assert np.abs(error.mean(0) / error.std(0)).max() < 4 / np.sqrt(20_000)


@sensors
def test_a_covariance_is_symmetric_positive_and_fits_its_measurement(sensor):
    k = len(sensor.measurement)
    assert sensor.cov.shape == (k, k)
    assert np.array_equal(sensor.cov, sensor.cov.T)
    assert np.linalg.eigvalsh(sensor.cov).min() > 0
    assert not sensor.cov.flags.writeable


@sensors
@pytest.mark.parametrize("n", [4, 6])
def test_a_batch_of_measurements_is_its_members(sensor, n):
    x = np.random.default_rng(0).uniform(-2, 2, (40, n))
    batch = sensor.measure(x)
    assert batch.shape == (40, len(sensor.measurement))
    assert np.array_equal(batch, [sensor.measure(a) for a in x])
    assert np.array_equal(sensor.jacobian(x), [sensor.jacobian(a) for a in x])


@sensors
@pytest.mark.parametrize("n", [4, 6])
def test_the_jacobian_of_a_sensor_is_that_of_finite_differences(sensor, n):
    x = np.random.default_rng(0).uniform(-2, 2, (40, n))
    base = sensor.measure(x)
    difference = _central(lambda a: sensor.measurement.difference(sensor.measure(a), base), x)
    np.testing.assert_allclose(sensor.jacobian(x), difference, atol=1e-7)


@sensors
def test_torch_measures_the_same(sensor):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).uniform(-2, 2, (10, 4))
    np.testing.assert_allclose(sensor.measure(torch.tensor(x)).numpy(), sensor.measure(x), atol=1e-12)
