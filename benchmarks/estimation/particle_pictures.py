"""Draws the pictures of docs/estimators on particles.

python benchmarks/estimation/particle_pictures.py               # all of them
python benchmarks/estimation/particle_pictures.py resampling    # those named
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import matplotlib
import numpy as np

from plansim.core.beliefs import Gaussian
from plansim.core.layout import layout
from plansim.estimation import AuxiliaryParticleFilter, ParticleFilter, RaoBlackwellisedParticleFilter
from plansim.estimation.particle.resampling import SCHEMES
from plansim.models.kinematic import ConstantVelocity
from plansim.models.position import Position

matplotlib.use("agg")
import matplotlib.pyplot as plt

PICTURES = Path(__file__).parents[2] / "docs/pictures"


def save(figure, name: str) -> None:
    figure.savefig(PICTURES / f"{name}.png", dpi=110)
    plt.close(figure)


@dataclass(frozen=True)
class NearADoor:
    """Says how likely it is that one of two doors is as near as it reads."""

    doors: tuple[float, ...] = (-3.0, 3.0)
    std: float = 0.4

    def log_likelihood(self, z, x):
        return np.logaddexp.reduce([-0.5 * ((np.abs(x[..., 0] - d) - z[0]) / self.std) ** 2 for d in self.doors])


def particle_filter() -> None:
    """A walker in a corridor with two doors, by how far the nearer of them is."""
    motion, sensor, rng = ConstantVelocity(1, 0.05), NearADoor(), np.random.default_rng(3)
    estimator = ParticleFilter(motion, particles=3000)
    belief, place, speed = estimator.around(Gaussian(np.zeros(2), np.diag([9.0, 0.25])), rng), -4.5, 0.5
    figure, axes = plt.subplots(1, 4, figsize=(12, 2.8), sharey=True, constrained_layout=True)
    for step, ax in zip(range(0, 16, 5), axes, strict=True):
        ax.hist(belief.states[:, 0], bins=np.linspace(-9, 9, 73), weights=belief.weights, color="C0", alpha=0.7)
        ax.axvline(place, color="k", lw=1, label="truth")
        for door in sensor.doors:
            ax.axvline(door, color="C1", ls=":", label="door" if door < 0 else None)
        ax.set(title=f"after {step} readings", xlabel="m", xlim=(-9, 9))
        for _ in range(5):
            place += speed
            z = np.array([min(abs(place - d) for d in sensor.doors) + 0.4 * rng.normal()])
            belief = estimator.update(estimator.predict(belief, None, 1.0, rng), z, sensor, rng).belief
    axes[0].legend(fontsize=7)
    save(figure, "particle_filter")


def auxiliary() -> None:
    """How well 200 particles know the log-likelihood of ten readings, over the sharpness of the sensor."""
    motion, start, z = (
        ConstantVelocity(),
        Gaussian(np.zeros(4), np.eye(4)),
        np.random.default_rng(1).normal(size=(10, 2)),
    )
    stds = np.geomspace(0.02, 2.0, 9)
    figure, ax = plt.subplots(figsize=(5, 3.2), constrained_layout=True)
    for kind in (ParticleFilter, AuxiliaryParticleFilter):
        spread = []
        for std in stds:
            totals = []
            for seed in range(40):
                rng, estimator = np.random.default_rng(seed), kind(motion, 200)
                belief, total = estimator.around(start, rng), 0.0
                for one in z.cumsum(0) * 0.5:
                    belief = estimator.predict(belief, None, 0.5, rng)
                    belief, _, _, log_likelihood = estimator.update(belief, one, Position(std), rng)
                    total += log_likelihood
                totals.append(total)
            spread.append(np.std(totals))
        ax.loglog(stds, spread, "o-", ms=3, label=kind.__name__)
    ax.set(xlabel="std of the sensor, m", title="spread of the log-likelihood over seeds")
    ax.legend(fontsize=7)
    save(figure, "auxiliary_particle_filter")


@dataclass(frozen=True)
class Mixed:
    """One nonlinear component, driven by an oscillation of three linear ones (Schön, Gustafsson and Nordlund 2005)."""

    state = layout("n a b c")
    control = layout("")

    def step(self, x, u, dt):
        F = np.array([[1.0, 0.3, 0.0], [0.0, 0.92, -0.3], [0.0, 0.3, 0.92]])
        return np.concatenate([np.arctan(x[..., :1]) + x[..., 1:2], x[..., 1:] @ F.T], axis=-1)

    def noise_cov(self, x, u, dt):
        return 0.01 * np.eye(4)

    def sample(self, x, u, dt, rng):
        return self.step(x, u, dt) + 0.1 * rng.standard_normal(np.shape(x))


@dataclass(frozen=True)
class Bent:
    measurement = layout("bent sum")
    cov = 0.1 * np.eye(2)

    def measure(self, x):
        return np.stack([0.1 * x[..., 0] * np.abs(x[..., 0]), x[..., 1] - x[..., 2] + x[..., 3]], axis=-1)


def rao_blackwellised() -> None:
    """The error over the number of particles, where one of four components is nonlinear."""
    start, sizes = Gaussian(np.zeros(4), np.diag([1.0, 0.01, 0.01, 0.01])), (10, 20, 50, 100, 300, 1000)
    ways = {
        "particle filter": lambda size: ParticleFilter(Mixed(), size),
        "Rao-Blackwellised": lambda size: RaoBlackwellisedParticleFilter(Mixed(), "n", size),
    }
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), constrained_layout=True)
    for name, made in ways.items():
        found = []
        for size in sizes:
            rng, world, estimator = np.random.default_rng(1), np.random.default_rng(2), made(size)
            x = world.normal(size=(40, 4)) * np.sqrt(np.diagonal(start.cov))
            belief = estimator.around(Gaussian(np.zeros((40, 4)), np.tile(start.cov, (40, 1, 1))), rng)
            errors = []
            for _ in range(40):
                x = Mixed().sample(x, None, 1.0, world)
                z = Bent().measure(x) + np.sqrt(0.1) * world.normal(size=(40, 2))
                belief = estimator.update(estimator.predict(belief, None, 1.0, rng), z, Bent(), rng).belief
                errors.append(belief.gaussian(Mixed.state).mean - x)
            found.append(np.sqrt(np.square(errors).mean((0, 1))))
        found = np.array(found)
        axes[0].semilogx(sizes, found[:, 0], "o-", ms=3, label=name)
        axes[1].semilogx(sizes, np.sqrt((found[:, 1:] ** 2).mean(-1)), "o-", ms=3, label=name)
    for ax, title in zip(axes, ("error of what is nonlinear", "error of what is linear"), strict=True):
        ax.set(xlabel="particles", title=title)
        ax.legend(fontsize=7)
    save(figure, "rao_blackwellised")


def resampling() -> None:
    """How much the number of copies varies, over what is expected of it."""
    rng, weights = np.random.default_rng(0), np.linspace(0.001, 1.0, 60)
    weights = rng.permutation(weights / weights.sum())
    figure, ax = plt.subplots(figsize=(5, 3.2), constrained_layout=True)
    batch, order = np.broadcast_to(np.log(weights), (6000, 60)), np.argsort(weights)
    for name, scheme in SCHEMES.items():
        drawn = scheme(batch, rng)
        copies = np.stack([(drawn == i).sum(-1) for i in order], -1)
        ax.plot(60 * weights[order], copies.var(0), "o-", ms=2, lw=0.8, label=name)
    ax.set(xlabel="expected copies", title="variance of the number of copies")
    ax.legend(fontsize=7)
    save(figure, "resampling")


DRAWN: dict[str, Callable[[], None]] = {
    "particle_filter": particle_filter,
    "auxiliary": auxiliary,
    "rao_blackwellised": rao_blackwellised,
    "resampling": resampling,
}


def main() -> None:
    for name in sys.argv[1:] or DRAWN:
        DRAWN[name]()


if __name__ == "__main__":
    main()
