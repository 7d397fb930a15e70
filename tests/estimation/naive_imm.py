"""The interacting multiple model, written down plainly: one track, plain probabilities of any size, loops.

After Bar-Shalom, Li and Kirubarajan 2001, section 11.6.6, with each mode's filter as an extended Kalman filter.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np


def wrapped(value):
    return np.arctan2(np.sin(value), np.cos(value))


def difference(layout, a, b):
    return np.array(
        [wrapped(p - q) if name in layout.angles else p - q for name, p, q in zip(layout.names, a, b, strict=True)]
    )


def combined(layout, weights, means, covs):
    """Mean and covariance of a mixture; an angle's mean is the least-squares one, by iteration."""
    mean = np.array(means[int(np.argmax(weights))], float)
    for _ in range(60):
        mean = mean + sum(w * difference(layout, m, mean) for w, m in zip(weights, means, strict=True))
    cov = np.zeros((len(mean), len(mean)))
    for w, m, P in zip(weights, means, covs, strict=True):
        d = difference(layout, m, mean)
        cov += w * (P + np.outer(d, d))
    return mean, cov


def seen_as(target, own_mean, own_cov, source, mean, cov):
    """Mode `source` in the components of mode `target`."""
    if source == target:
        return mean, cov
    new_mean, new_cov = np.array(own_mean), np.zeros_like(own_cov)
    for a, p in enumerate(target.names):
        if p in source.names:
            new_mean[a] = mean[source.names.index(p)]
        for b, q in enumerate(target.names):
            if p in source.names and q in source.names:
                new_cov[a, b] = cov[source.names.index(p), source.names.index(q)]
            elif p not in source.names and q not in source.names:
                new_cov[a, b] = own_cov[a, b]
    return new_mean, new_cov


class NaiveIMM:
    def __init__(self, motions, transition, means, covs, probabilities):
        self.motions, self.transition = motions, np.asarray(transition)
        self.means, self.covs = [np.array(m) for m in means], [np.array(P) for P in covs]
        self.mu = np.array(probabilities, float)

    def predict(self, dt):
        M = len(self.motions)
        c = np.array([sum(self.transition[i, j] * self.mu[i] for i in range(M)) for j in range(M)])
        mixed = []
        for j in range(M):
            weights = [self.transition[i, j] * self.mu[i] / c[j] for i in range(M)]
            target, own = self.motions[j].state, (self.means[j], self.covs[j])
            parts = [seen_as(target, *own, self.motions[i].state, self.means[i], self.covs[i]) for i in range(M)]
            mixed.append(combined(target, weights, *zip(*parts, strict=True)))
        for j, motion in enumerate(self.motions):
            mean, cov = mixed[j]
            F = motion.jacobian(mean, None, dt)
            moved = motion.step(mean, None, dt)
            self.means[j] = mean + difference(motion.state, moved, mean)
            self.covs[j] = F @ cov @ F.T + motion.noise_cov(mean, None, dt)
        self.mu = c

    def update(self, z, sensor):
        innovations, covs, log_likelihoods = [], [], []
        for j in range(len(self.motions)):
            x, P = self.means[j], self.covs[j]
            H = sensor.jacobian(x)
            S = H @ P @ H.T + sensor.cov
            K = P @ H.T @ np.linalg.inv(S)
            v = difference(sensor.measurement, z, sensor.measure(x))
            self.means[j] = x + K @ v
            self.covs[j] = (np.eye(len(x)) - K @ H) @ P
            innovations.append(v)
            covs.append(S)
            log_likelihoods.append(-0.5 * (v @ np.linalg.inv(S) @ v + np.log(np.linalg.det(2 * np.pi * S))))
        innovation, innovation_cov = combined(sensor.measurement, self.mu, innovations, covs)
        with localcontext() as context:  # e^-100000 is a number here
            context.prec, context.Emin = 40, -(10**9)
            joint = [
                Decimal(float(m)) * Decimal(float(value)).exp()
                for m, value in zip(self.mu, log_likelihoods, strict=True)
            ]
            log_likelihood = float(sum(joint).ln())
            self.log_weights = np.array([float((p / sum(joint)).ln()) for p in joint])
        self.mu = np.exp(self.log_weights)
        return innovation, innovation_cov, log_likelihood
