"""Several motion models at once, for what moves by one of them at a time: the interacting multiple model filter."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array, numbers
from plansim.core.beliefs import Gaussian, Mixture
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Estimator, Update
from plansim.estimation.imm_mixing import Modes, mixed, modes_of
from plansim.estimation.imm_sequence import ModeSequence, imm_sequence
from plansim.estimation.kalman.gaussian_steps import check_belief
from plansim.estimation.mode_mapping import carried, extended, reading, shared_state


class ModeBeliefs(NamedTuple):
    """What is believed if each mode holds, and how likely it is that it does."""

    beliefs: tuple[Any, ...]  # M of them, each of its own filter
    log_weights: Array  # (..., M)

    @property
    def probabilities(self) -> Array:
        return np.exp(self.log_weights)

    def mixture(self, layout: Layout) -> Mixture:
        """The density of the components that begin every mode's state."""
        n = len(layout)
        parts = [belief.gaussian(layout) for belief in self.beliefs]
        means = np.stack([part.mean[..., :n] for part in parts], -2)
        return Mixture(Gaussian(means, np.stack([part.cov[..., :n, :n] for part in parts], -3)), self.log_weights)

    def gaussian(self, layout: Layout) -> Gaussian:
        """The normal density of the mixture's mean and covariance."""
        return self.mixture(layout).gaussian(layout)


@dataclass(frozen=True, eq=False)
class InteractingMultipleModel:
    """p(x_t, mode_t | z_1:t) of a mode that is a Markov chain, with one normal density a mode.

    Blom and Bar-Shalom 1988; Bar-Shalom, Li and Kirubarajan 2001, section 11.6.6.

    Before a prediction every mode begins from a mixture of all modes' beliefs, weighted by how likely each of them has
    led to it; no mode is ever picked. Weights are logarithms throughout, so an outlier that no mode explains leaves
    them where the likelihoods' ratio does. A missing measurement moves them by the transition matrix alone.

    The filters' beliefs must be those of a mean and a covariance. `state` is what the modes share, and every mode's
    state begins with it. A mode reads another by names (see `carried`), or by `mappings[i, j]`, which turns mode i's
    Gaussian, given mode j's own, into one of mode j's state.

    >>> from plansim.estimation import KalmanFilter
    >>> from plansim.models.kinematic import ConstantVelocity
    >>> calm, agile = (KalmanFilter(ConstantVelocity(acceleration_density=q)) for q in (0.01, 10.0))
    >>> imm = InteractingMultipleModel((calm, agile), transition=[[0.95, 0.05], [0.1, 0.9]])
    >>> belief = imm.predict(imm.around(Gaussian(np.zeros(4), np.eye(4))), None, dt=1.0)
    >>> belief.probabilities.round(3).tolist()
    [0.525, 0.475]
    """

    filters: tuple[Estimator, ...]  # one a mode, M of them
    transition: Array  # (M, M), transition[i, j] from mode i to mode j in one prediction; rows sum to one
    start_probabilities: Array | None = None  # (M,), the same for all modes where None
    own_std: Mapping[str, float] = field(default_factory=dict)  # at the start, about 0, of what not all modes have
    mappings: Mapping[tuple[int, int], Callable[[Gaussian, Gaussian], Gaussian]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", tuple(self.filters))
        M = len(self.filters)
        if not M:
            raise MalformedInput("an interacting multiple model without filters: it needs at least one")
        transition = numbers("transition", self.transition)
        if transition.shape != (M, M):
            raise MalformedInput(f"transition has shape {transition.shape}, but must have ({M}, {M}): {M} filters")
        start = numbers(
            "start_probabilities", np.full(M, 1 / M) if self.start_probabilities is None else self.start_probabilities
        )
        object.__setattr__(self, "transition", transition)
        object.__setattr__(self, "start_probabilities", start)
        if start.shape != (M,):
            raise MalformedInput(f"start_probabilities have shape {start.shape}, but must have ({M},): {M} filters")
        for i, row in enumerate(transition):
            _check_probabilities(f"row {i} of transition", row)
        _check_probabilities("start_probabilities", start)
        _ = self.state

    @functools.cached_property
    def state(self) -> Layout:
        return shared_state([one.state for one in self.filters])

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> ModeBeliefs:
        """Every mode from the same belief (..., n) over what the modes share."""
        if np.shape(belief.mean)[-1] != len(self.state):
            raise MalformedInput(
                f"a belief of {np.shape(belief.mean)[-1]} components, but the modes share {len(self.state)}:"
                f" {' '.join(self.state.names)}"
            )
        belief = check_belief(belief, self.state)
        beliefs = tuple(one.around(extended(belief, self.state, one.state, self.own_std), rng) for one in self.filters)
        return ModeBeliefs(
            beliefs, np.broadcast_to(_log(self.start_probabilities), (*np.shape(belief.mean)[:-1], len(self.filters)))
        )

    def predict(
        self, belief: ModeBeliefs, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> ModeBeliefs:
        starts, log_weights = self._mixed(belief, rng)
        moved = tuple(one.predict(start, control, dt, rng) for one, start in zip(self.filters, starts, strict=True))
        return ModeBeliefs(moved, log_weights)

    def update(
        self, belief: ModeBeliefs, measurement: Array | None, sensor: Any, rng: np.random.Generator | None = None
    ) -> Update:
        """Its innovation and innovation_cov are the moments of the mixture of what the modes expected."""
        if measurement is None:
            return Update(belief, None, None, np.zeros(belief.log_weights.shape[:-1])[()])
        measurement = np.asarray(measurement, float)
        updates = [
            one.update(its, measurement, reading(sensor, len(one.state)), rng)
            for one, its in zip(self.filters, belief.beliefs, strict=True)
        ]
        log_joint = belief.log_weights + np.stack([one.log_likelihood for one in updates], -1)
        log_likelihood = np.logaddexp.reduce(log_joint, axis=-1)
        with np.errstate(invalid="ignore"):  # what no mode explains at all says nothing about the mode
            log_weights = np.where(
                (log_likelihood == -np.inf)[..., None], belief.log_weights, log_joint - log_likelihood[..., None]
            )
        posterior = ModeBeliefs(tuple(one.belief for one in updates), log_weights)
        return Update(posterior, *_innovation(updates, belief.log_weights, sensor), log_likelihood)

    def filter_sequence(
        self, belief: ModeBeliefs, measurements: Array, sensor: Any, dt: float, controls: Array | None = None
    ) -> ModeSequence:
        """The whole log (T, k) or (B, T, k), compiled where all filters are Kalman filters; see `filter_sequence`."""
        return imm_sequence(self, belief, measurements, sensor, dt, controls)

    @functools.cached_property
    def _modes(self) -> Modes:
        return modes_of(tuple(one.state for one in self.filters))

    @functools.cached_property
    def _log_transition(self) -> Array:
        return _log(self.transition)

    @functools.cached_property
    def _log_identity(self) -> Array:
        return _log(np.eye(len(self.filters)))

    def _mixed(self, belief: ModeBeliefs, rng: np.random.Generator | None) -> tuple[list[Any], Array]:
        """What each mode begins from, and the weights after the transition."""
        plain = not self.mappings and all(type(one) is Gaussian for one in belief.beliefs)
        if plain:
            return mixed(belief.beliefs, belief.log_weights, self._log_transition, self._modes)
        log_joint = belief.log_weights[..., :, None] + self._log_transition  # (..., i, j)
        log_weights = np.logaddexp.reduce(log_joint, axis=-2)
        with np.errstate(invalid="ignore"):  # a mode that cannot be stays with its own belief
            log_mixing = np.where(
                (log_weights == -np.inf)[..., None, :], self._log_identity, log_joint - log_weights[..., None, :]
            )
        gaussians = [its.gaussian(one.state) for one, its in zip(self.filters, belief.beliefs, strict=True)]
        starts: list[Any] = []
        for j, mode in enumerate(self.filters):
            if (log_mixing[..., j, j] == 0).all():
                starts.append(belief.beliefs[j])
                continue
            parts = [self._read(i, j, gaussians) for i in range(len(gaussians))]
            components = Gaussian(np.stack([p.mean for p in parts], -2), np.stack([p.cov for p in parts], -3))
            starts.append(mode.around(Mixture(components, log_mixing[..., j]).gaussian(mode.state), rng))
        return starts, log_weights

    def _read(self, i: int, j: int, gaussians: list[Gaussian]) -> Gaussian:
        """Mode i's belief in the state of mode j."""
        if (i, j) in self.mappings:
            return self.mappings[i, j](gaussians[i], gaussians[j])
        return carried(gaussians[i], gaussians[j], self.filters[i].state, self.filters[j].state)


@np.errstate(over="ignore", invalid="ignore")  # of a reading far beyond what any mode explains
def _innovation(updates: list[Update], log_weights: Array, sensor: Any) -> tuple[Array | None, Array | None]:
    innovations, covs = [one.innovation for one in updates], [one.innovation_cov for one in updates]
    if any(innovation is None for innovation in innovations):
        return None, None
    expected = Mixture(Gaussian(_stack(innovations, -2), _stack(covs, -3)), log_weights)
    return expected.gaussian(sensor.measurement)


def _stack(parts: list[Array], axis: int) -> Array:
    return np.stack(parts, axis)


def _log(probabilities: Any) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(probabilities)


def _check_probabilities(name: str, values: Array) -> None:
    if not (values >= 0).all():
        raise MalformedInput(f"{name} is {values.tolist()}, but probabilities are 0 or more")
    if abs(values.sum() - 1) > 1e-9:
        raise MalformedInput(f"{name} is {values.tolist()}, which sums to {values.sum():g}, but must sum to one")
