"""Arrays of numpy and torch under one name."""

import numpy as np
import pytest

from plansim.core.arrays import namespace, readonly, stack, symmetric, transpose


def test_stacking_components_broadcasts_constants():
    assert stack((np.zeros(3), 1.0), like=np.zeros(3)).tolist() == [[0.0, 1.0]] * 3


def test_one_tensor_among_the_arrays_makes_it_torch():
    torch = pytest.importorskip("torch")
    tensor = torch.zeros(2, requires_grad=True)
    assert namespace(np.zeros(2), tensor) is torch
    assert namespace(np.zeros(2), 1.0) is np
    stacked = stack((tensor, 1.0), like=tensor)
    assert stacked.requires_grad
    assert stacked.tolist() == [[0.0, 1.0]] * 2


def test_the_symmetric_part_is_its_own_transpose_in_every_batch():
    a = np.random.default_rng(0).normal(size=(4, 3, 3))
    assert np.array_equal(symmetric(a), transpose(symmetric(a)))
    np.testing.assert_allclose(symmetric(a) + (a - transpose(a)) / 2, a, atol=1e-15)


def test_a_readonly_copy_does_not_follow_its_source():
    source = np.zeros(2)
    copy = readonly(source)
    source[0] = 1.0
    assert copy.tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="read-only"):
        copy[0] = 1.0
