"""Steps of the Kalman filter on a root of the covariance, P = root rootᵀ, by orthogonal transformations, compiled."""

from __future__ import annotations

from math import log, pi, sqrt

from plansim.core.kernel import lean_kernel


@lean_kernel
def triangularise(A):
    """[L 0], lower triangular with a diagonal of 0 or more, such that A Aᵀ stays as it was; in place, (r, c), c >= r.

    Householder reflections from the right (Golub and Van Loan 2013, Matrix Computations, section 5.2).
    """
    rows, columns = A.shape
    for i in range(rows):
        size = 0.0
        for c in range(i, columns):
            size = max(size, abs(A[i, c]))
        if not size > 0.0:
            continue
        total = 0.0
        for c in range(i, columns):
            total += (A[i, c] / size) ** 2
        norm = size * sqrt(total)
        end = -norm if A[i, i] > 0.0 else norm
        first = A[i, i] - end  # no cancellation: the signs differ
        # the reflection is I - v vᵀ / (norm |first|), v = A[i, i:] with `first` in front, divided by it here
        for row in range(i + 1, rows):
            dot = A[row, i]
            for c in range(i + 1, columns):
                dot += A[row, c] * (A[i, c] / first)
            dot *= first / -end
            A[row, i] -= dot
            for c in range(i + 1, columns):
                A[row, c] -= dot * (A[i, c] / first)
        A[i, i] = end
        for c in range(i + 1, columns):
            A[i, c] = 0.0
        if end < 0.0:
            for row in range(i, rows):
                A[row, i] = -A[row, i]


@lean_kernel
def predict_root(F, noise_root, root, work):
    """root (n, n) becomes that of F P Fᵀ + Q; work: (n, 2 n)."""
    n = root.shape[0]
    for i in range(n):
        for j in range(n):
            total = 0.0
            for a in range(n):
                total += F[i, a] * root[a, j]
            work[i, j] = total
            work[i, n + j] = noise_root[i, j]
    triangularise(work)
    for i in range(n):
        for j in range(n):
            root[i, j] = work[i, j]


@lean_kernel
def update_root(H, measured_root, root, v, change, S, work, w):
    """root (n, n) becomes that of the posterior, change K v; the log-likelihood. work: (k + n, k + n), w: (k,).

    [√R, H root; 0, root] becomes [√S, 0; K √S, posterior root].
    """
    n, k = root.shape[0], v.shape[0]
    for i in range(k):
        for j in range(k):
            work[i, j] = measured_root[i, j]
        for j in range(n):
            total = 0.0
            for a in range(n):
                total += H[i, a] * root[a, j]
            work[i, k + j] = total
    for i in range(n):
        for j in range(k):
            work[k + i, j] = 0.0
        for j in range(n):
            work[k + i, k + j] = root[i, j]
    triangularise(work)
    log_likelihood = -0.5 * k * log(2 * pi)
    for i in range(k):
        total = v[i]
        for a in range(i):
            total -= work[i, a] * w[a]
        w[i] = total / work[i, i]
        log_likelihood -= log(work[i, i]) + 0.5 * w[i] * w[i]
        for j in range(k):
            total = 0.0
            for a in range(min(i, j) + 1):
                total += work[i, a] * work[j, a]
            S[i, j] = total
    for i in range(n):
        change[i] = 0.0
        for a in range(k):
            change[i] += work[k + i, a] * w[a]
        for j in range(n):
            root[i, j] = work[k + i, k + j]
    return log_likelihood
