"""A trained network as a policy, evaluated with numpy alone: what learned in torch runs on a robot without it.

The file is a safetensors one, which holds numbers only. Formats that can carry code (pickles) are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput, near_miss, require

_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "none": lambda x: x,
}
_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".joblib")


class _Layers(NamedTuple):
    weights: tuple[Array, ...]  # (outputs, inputs) each
    biases: tuple[Array, ...]  # (outputs,) each
    activation: Callable[[Array], Array]
    output: Callable[[Array], Array]
    low: Array | None  # (m,)
    high: Array | None  # (m,)
    keys: tuple[str, ...]  # of a mapping observation, in the order of the inputs


@dataclass(frozen=True)
class Network:
    """The multilayer perceptron of a safetensors file: Linear layers named as torch's Sequential names them.

    Tensors "0.weight" (outputs, inputs), "0.bias", "2.weight", ... in the order of their numbers. Metadata (strings):
    policy "mlp"; activation "tanh" or "relu"; output "none" or "tanh"; low, high: JSON lists of the action's bounds,
    to which a tanh output is scaled and any other is clipped; observation: JSON list of the keys to concatenate.

    >>> policy = Network("policy.safetensors")  # doctest: +SKIP
    >>> policy.act({"state": np.zeros(3), "goal": np.zeros(2)})  # doctest: +SKIP
    array([0.3, -0.1])
    """

    path: Path

    def __post_init__(self) -> None:
        self._layers  # noqa: B018  # a file that cannot be meant is refused before the first act

    def reset(self, seed: int | None = None) -> None:
        pass

    def act(self, observation: Any) -> Array:
        """The action (..., m) for observations with leading dimensions (...)."""
        net = self._layers
        x = self._input(observation)
        if x.shape[-1] != net.weights[0].shape[1]:
            raise MalformedInput(f"{self.path}: takes {net.weights[0].shape[1]} inputs, not {x.shape[-1]}")
        for weight, bias in zip(net.weights[:-1], net.biases[:-1], strict=True):
            x = net.activation(x @ weight.T + bias)
        x = net.output(x @ net.weights[-1].T + net.biases[-1])
        if net.low is None:
            return x
        if net.output is np.tanh:
            x = net.low + 0.5 * (x + 1.0) * (net.high - net.low)
        return np.clip(x, net.low, net.high)

    def _input(self, observation: Any) -> Array:
        keys = self._layers.keys
        if not isinstance(observation, Mapping):
            return np.asarray(observation, dtype=float)
        if not keys:
            raise MalformedInput(f"{self.path}: its metadata names no observation keys, but the observation has names")
        if missing := [key for key in keys if key not in observation]:
            raise MalformedInput(
                f"{self.path}: no {missing[0]!r} in the observation{near_miss(missing[0], observation)}"
            )
        return np.concatenate([np.asarray(observation[key], dtype=float) for key in keys], axis=-1)

    @cached_property
    def _layers(self) -> _Layers:
        tensors, metadata = _read(Path(self.path))
        where = str(self.path)
        if metadata.get("policy") != "mlp":
            raise MalformedInput(f"{where}: its metadata says policy {metadata.get('policy')!r}, but must say 'mlp'")
        weights, biases = _linear_layers(tensors, where)
        low, high = (_bound(metadata, name, len(biases[-1]), where) for name in ("low", "high"))
        if (low is None) != (high is None) or (low is not None and not (low <= high).all()):
            raise MalformedInput(f"{where}: low and high must both be there, and in this order")
        return _Layers(
            weights,
            biases,
            _choice(metadata, "activation", ("tanh", "relu"), where),
            _choice(metadata, "output", ("none", "tanh"), where),
            low,
            high,
            _keys(metadata, where),
        )


def _read(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    if path.suffix.lower() in _PICKLES:
        raise MalformedInput(
            f"{path}: is a pickle, which can run any code when it is opened; save the weights with "
            "safetensors.torch.save_file(model.state_dict(), path, metadata) instead"
        )
    if not path.is_file():
        raise MalformedInput(f"{path}: there is no such file")
    safetensors = require("safetensors", "learning")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            tensors = {name: np.asarray(file.get_tensor(name), dtype=float) for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except (safetensors.SafetensorError, TypeError, ValueError) as error:
        raise MalformedInput(f"{path}: is not a safetensors file of numbers: {error}") from error


def _linear_layers(tensors: Mapping[str, Array], where: str) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """The weights and biases in the order of their numbers, each fitting the one before."""
    numbers = sorted({int(name.split(".")[0]) for name in tensors if name.split(".")[0].isdecimal()})
    expected = {f"{number}.{part}" for number in numbers for part in ("weight", "bias")}
    if not numbers or (unlike := expected ^ set(tensors)):
        found = sorted(unlike)[0] if numbers else next(iter(tensors), "nothing")
        raise MalformedInput(f"{where}: layers must be named 0.weight, 0.bias, 2.weight, ...; see {found!r}")
    weights = tuple(tensors[f"{number}.weight"] for number in numbers)
    biases = tuple(tensors[f"{number}.bias"] for number in numbers)
    inputs = weights[0].shape[-1:]
    for number, weight, bias in zip(numbers, weights, biases, strict=True):
        if weight.ndim != 2 or weight.shape[1:] != inputs or bias.shape != weight.shape[:1]:
            raise MalformedInput(f"{where}: {number}.weight {weight.shape} does not fit its bias or the layer before")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise MalformedInput(f"{where}: layer {number} holds NaN or infinite numbers")
        inputs = bias.shape
    return weights, biases


def _choice(metadata: Mapping[str, str], name: str, choices: tuple[str, ...], where: str) -> Callable[[Array], Array]:
    value = metadata.get(name, "")
    if value not in choices:
        raise MalformedInput(
            f"{where}: {name} is {value!r}, but must be {' or '.join(choices)}{near_miss(value, choices)}"
        )
    return _ACTIVATIONS[value]


def _bound(metadata: Mapping[str, str], name: str, size: int, where: str) -> Array | None:
    value = _json(metadata, name, where)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != size or not all(isinstance(v, int | float) for v in value):
        raise MalformedInput(f"{where}: {name} is {value}, but must be a list of {size} numbers")
    return np.array(value, dtype=float)


def _keys(metadata: Mapping[str, str], where: str) -> tuple[str, ...]:
    value = _json(metadata, "observation", where)
    if value is not None and not (isinstance(value, list) and value and all(isinstance(v, str) for v in value)):
        raise MalformedInput(f"{where}: observation is {value}, but must be a list of names")
    return tuple(value or ())


def _json(metadata: Mapping[str, str], name: str, where: str) -> Any:
    try:
        return json.loads(metadata.get(name, "null"))
    except json.JSONDecodeError as error:
        raise MalformedInput(f"{where}: {name} is not JSON: {error}") from error
