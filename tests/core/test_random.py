"""Random streams for kernels: the published generator, and the distributions that they claim."""

import numpy as np
import pytest
from scipy import stats

from plansim.core.kernel import kernel
from plansim.core.random import fill_normal, philox, stream, uniform, uniform_pair

# Random123's kat_vectors: philox 4x32 10, counter and key words of 32 bits, result words
KNOWN = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
]


@kernel
def _fill_uniform(s, out):
    for i in range(0, out.shape[0], 2):
        out[i], out[i + 1] = uniform_pair(s)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_the_published_answer_of_philox(counter, key, expected):
    words = [np.uint64(low | (high << 32)) for low, high in (counter, key)]
    low, high = (int(word) for word in philox(*words))
    assert (low & 0xFFFFFFFF, low >> 32, high & 0xFFFFFFFF, high >> 32) == expected


def test_philox_agrees_with_numbers_of_any_size():
    def naive(counter, key):
        c, k = [counter & 0xFFFFFFFF, counter >> 32, 0, 0], [key & 0xFFFFFFFF, key >> 32]
        for _ in range(10):
            p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(q >> 32) ^ c[1] ^ k[0], q & 0xFFFFFFFF, (p >> 32) ^ c[3] ^ k[1], p & 0xFFFFFFFF]
            k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
        return c[0] | (c[1] << 32), c[2] | (c[3] << 32)

    for counter, key in np.random.default_rng(0).integers(2**64, size=(50, 2), dtype=np.uint64):
        assert tuple(map(int, philox(counter, key))) == naive(int(counter), int(key))


def test_uniform_numbers_pass_kolmogorov_smirnov_and_stay_below_one():
    out = np.empty(100_000)
    _fill_uniform(stream(1), out)
    assert 0 <= out.min() < out.max() < 1
    assert stats.kstest(out, "uniform").pvalue > 0.01


def test_normal_numbers_pass_kolmogorov_smirnov_and_pairs_are_independent():
    out = np.empty(100_001)
    fill_normal(stream(2), out)
    assert stats.kstest(out, "norm").pvalue > 0.01
    assert abs(np.corrcoef(out[0:-1:2], out[1::2])[0, 1]) < 0.015
    assert abs(np.corrcoef(out[:-1], out[1:])[0, 1]) < 0.015


def test_a_copied_stream_continues_bit_for_bit():
    first = stream(3)
    fill_normal(first, np.empty(5))
    snapshot, a, b = first.copy(), np.empty(7), np.empty(7)
    fill_normal(first, a)
    fill_normal(snapshot, b)
    assert np.array_equal(a, b)


def test_seeds_give_unrelated_streams_and_the_same_seed_the_same():
    assert np.array_equal(stream(5), stream(np.random.SeedSequence(5)))
    out = np.empty((2, 10_000))
    for row, seed in enumerate((5, 6)):
        fill_normal(stream(seed), out[row])
    assert abs(np.corrcoef(out)[0, 1]) < 0.04


def test_a_uniform_number_lies_between_its_bounds():
    s = stream(7)
    values = [uniform(s, -2.0, 3.0) for _ in range(1000)]
    assert -2.0 <= min(values) < -1.9
    assert 2.9 < max(values) < 3.0
