"""Networks from files: torch's numbers without torch, and no code from anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from plansim.control.network import Network
from plansim.core.errors import MalformedInput

numpy_files = pytest.importorskip("safetensors.numpy")

METADATA = {"policy": "mlp", "activation": "tanh", "output": "none"}


def tensors(sizes=(4, 8, 2), seed=0):
    rng = np.random.default_rng(seed)
    found = {}
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        found[f"{2 * i}.weight"] = rng.normal(size=(outputs, inputs)).astype(np.float32)
        found[f"{2 * i}.bias"] = rng.normal(size=outputs).astype(np.float32)
    return found


def write(folder, weights, **metadata):
    path = folder / "policy.safetensors"
    numpy_files.save_file(weights, path, {**METADATA, **metadata})
    return path


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("output", ["none", "tanh"])
def test_it_computes_what_torch_computes(tmp_path, activation, output):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    bend = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[activation]
    net = torch.nn.Sequential(torch.nn.Linear(5, 16), bend(), torch.nn.Linear(16, 16), bend(), torch.nn.Linear(16, 3))
    path = tmp_path / "net.safetensors"
    save_file(net.state_dict(), path, {**METADATA, "activation": activation, "output": output})
    x = torch.randn(7, 2, 5, generator=torch.Generator().manual_seed(0))
    expected = net(x).tanh() if output == "tanh" else net(x)
    assert Network(path).act(x.numpy()) == pytest.approx(expected.detach().numpy(), abs=1e-5)


def test_a_batch_is_its_members(tmp_path):
    policy = Network(write(tmp_path, tensors()))
    x = np.random.default_rng(1).normal(size=(3, 5, 4))
    assert policy.act(x)[2, 4] == pytest.approx(policy.act(x[2, 4]), abs=1e-12)


def test_a_mapping_is_concatenated_in_the_order_of_the_file(tmp_path):
    policy = Network(write(tmp_path, tensors(), observation=json.dumps(["b", "a"])))
    a, b = np.array([1.0]), np.array([2.0, 3.0, 4.0])
    assert policy.act({"a": a, "b": b, "c": None}) == pytest.approx(policy.act(np.array([2.0, 3.0, 4.0, 1.0])))


def test_a_tanh_output_spans_the_actions_bounds_and_others_are_clipped(tmp_path):
    bounds = {"low": json.dumps([-1, 10]), "high": json.dumps([3, 20])}
    x = np.random.default_rng(0).normal(size=(200, 4)) * 10
    free = Network(write(tmp_path, tensors(), output="tanh")).act(x)
    scaled = Network(write(tmp_path, tensors(), output="tanh", **bounds)).act(x)
    assert scaled == pytest.approx([1, 15] + free * [2, 5])
    clipped = Network(write(tmp_path, tensors(), **bounds)).act(x)
    assert np.all((clipped >= [-1, 10]) & (clipped <= [3, 20]))


def test_robot_code_evaluates_it_without_torch(tmp_path):
    code = f"""
import sys, numpy
from plansim.control.network import Network
Network({str(write(tmp_path, tensors()))!r}).act(numpy.zeros(4))
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["policy.pt", "policy.pth", "policy.pkl", "POLICY.CKPT"])
def test_a_pickle_is_refused_and_told_why(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80\x04")
    with pytest.raises(MalformedInput, match=r"can run any code.*save_file"):
        Network(tmp_path / name)


def test_a_pickle_under_another_name_is_not_opened_as_one(tmp_path):
    path = tmp_path / "policy.safetensors"
    path.write_bytes(b"\x80\x04\x95cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(MalformedInput, match="not a safetensors file"):
        Network(path)


def wrong_files():
    fine = tensors()
    return {
        "policy 'cnn', but must say 'mlp'": (fine, {"policy": "cnn"}),
        "did you mean 'relu'": (fine, {"activation": "rellu"}),
        "output is 'softmax'": (fine, {"output": "softmax"}),
        "0.weight, 0.bias": ({"encoder.0.weight": fine["0.weight"]}, {}),
        "see '2.bias'": ({k: v for k, v in fine.items() if k != "2.bias"}, {}),
        "0.weight, 0.bias, ": ({}, {}),
        "does not fit": ({**fine, "2.weight": np.zeros((2, 5), np.float32)}, {}),
        "NaN or infinite": ({**fine, "0.bias": np.full(8, np.nan, np.float32)}, {}),
        "low is .* list of 2": (fine, {"low": "[1]", "high": "[2, 3]"}),
        "low and high": (fine, {"low": "[1, 2]"}),
        "in this order": (fine, {"low": "[1, 2]", "high": "[0, 3]"}),
        "not JSON": (fine, {"observation": "state,goal"}),
        "list of names": (fine, {"observation": "[1]"}),
    }


@pytest.mark.parametrize("message", wrong_files())
def test_a_foreign_file_is_refused_with_what_is_wrong(tmp_path, message):
    weights, metadata = wrong_files()[message]
    path = write(tmp_path, weights, **metadata)
    with pytest.raises(MalformedInput, match=message) as error:
        Network(path)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MalformedInput, match="no such file"):
        Network(tmp_path / "absent.safetensors")


def test_observations_that_do_not_fit_are_refused(tmp_path):
    policy = Network(write(tmp_path, tensors(), observation=json.dumps(["state"])))
    with pytest.raises(MalformedInput, match="takes 4 inputs, not 3"):
        policy.act(np.zeros(3))
    with pytest.raises(MalformedInput, match="did you mean 'states'"):
        policy.act({"states": np.zeros(4)})
    with pytest.raises(MalformedInput, match="names no observation keys"):
        Network(write(tmp_path, tensors())).act({"state": np.zeros(4)})
