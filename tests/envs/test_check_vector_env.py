"""The public checker passes what is right and names what is wrong."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from plansim_envs.base import VectorView, normals, uniforms

from plansim.testing import check_vector_env
from tests.envs.worlds import Drift, DriftVectorEnv, both, broken_view, broken_world


def refused(view, steps: int = 60, **kwargs) -> str:
    with pytest.raises(AssertionError) as caught:
        check_vector_env(**both(view, **kwargs), steps=steps)
    return str(caught.value)


def test_a_right_environment_passes():
    check_vector_env(**both(), num_envs=4, steps=80)
    check_vector_env(**both(), num_envs=1, steps=80)


def test_gymnasiums_own_vector_cart_pole_fails():
    with pytest.raises(AssertionError, match="takes no autoreset_mode"):
        check_vector_env("CartPole-v1")
    with pytest.raises(
        AssertionError, match=r"NextStep, reset\(seed\): observation of world 0 at \[1\] is .* but Sync"
    ):
        check_vector_env(
            lambda num_envs, autoreset_mode: gymnasium.make_vec("CartPole-v1", num_envs),
            single=lambda: gymnasium.make("CartPole-v1"),
            modes=["NextStep"],
        )


def test_it_says_where_and_what():
    def step(self, state, actions, result):
        Drift.step(self, state, actions, result)
        state["x"][:, 1] += 1e-9 * (state["steps"] == 3)

    message = refused(broken_world(step=step))
    assert message.startswith("NextStep, step 2: observation[")
    assert "of world 0" in message
    assert "but SyncVectorEnv gives" in message


def test_one_stream_for_all_worlds_is_found():
    def step(self, state, actions, result):
        state["random"][:, 0] = state["random"][0, 0]
        Drift.step(self, state, actions, result)

    assert "of world 1" in refused(broken_world(step=step))


def test_luck_that_depends_on_the_batch_is_found():
    def reset(self, state, mask):
        drawn = uniforms(state, np.ones(len(state), dtype=bool), 2)  # moves every world's stream
        state["x"][mask], state["steps"][mask] = drawn[mask] - 0.5, 0

    assert "Sync" in refused(broken_world(reset=reset))


def test_worlds_that_look_at_each_other_are_found():
    def observe(self, state):
        seen = Drift.observe(self, state)
        return {**seen, "inner": {"x": (state["x"][:, 1] + 1e-3 * state["x"][:, 1].mean()).astype(np.float32)}}

    assert "observation['inner']['x']" in refused(broken_world(observe=observe))


def test_observations_of_another_dtype_are_found():
    def observe(self, state):
        return {**Drift.observe(self, state), "inner": {"x": state["x"][:, 1]}}

    assert "has dtype float64" in refused(broken_world(observe=observe))


def test_a_missing_mask_is_found():
    def step(self, actions):
        *others, infos = DriftVectorEnv.step(self, actions)
        infos.pop("_outcome", None)
        return *others, infos

    assert "lacks '_outcome'" in refused(broken_view(step=step))


def test_the_last_observation_of_the_next_episode_is_found():
    def _add_final(self, infos, ended):
        VectorView._add_final(self, infos, ended)
        infos["final_obs"] = np.full(self.num_envs, None, dtype=object)

    assert "SameStep" in refused(broken_view(_add_final=_add_final))


def test_a_reused_buffer_is_found():
    buffers = {}

    def step(self, actions):
        observation, reward, *others = DriftVectorEnv.step(self, actions)
        buffer = buffers.setdefault(id(self), np.empty_like(reward))
        buffer[:] = reward
        return observation, buffer, *others

    message = refused(broken_view(step=step))
    assert "reward" in message
    assert "it was" in message or "shares memory" in message


def test_a_constant_that_is_handed_out_twice_is_found():
    same = {}

    def step(self, actions):
        *others, infos = DriftVectorEnv.step(self, actions)
        return *others, {**infos, "_x": same.setdefault(self.num_envs, infos["_x"])}

    assert "shares memory" in refused(broken_view(step=step))


def test_global_luck_is_found():
    def step(self, state, actions, result):
        np.random.random()  # noqa: NPY002
        Drift.step(self, state, actions, result)

    assert "global random state" in refused(broken_world(step=step))


def test_the_wrong_mode_in_the_metadata_is_found():
    class Wrong(DriftVectorEnv):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.metadata = {**self.metadata, "autoreset_mode": AutoresetMode.SAME_STEP}

    assert "metadata['autoreset_mode']" in refused(Wrong)


def test_a_reset_that_forgets_the_mask_is_found():
    def _reset_mask(self, options):
        return np.ones(self.num_envs, dtype=bool)

    assert "reset_mask" in refused(broken_view(_reset_mask=_reset_mask))


def test_a_mask_of_integers_that_is_let_through_is_found():
    def _reset_mask(self, options):
        if options and getattr(options["reset_mask"], "dtype", np.dtype(bool)).kind != "b":
            return np.ones(self.num_envs, dtype=bool)
        return VectorView._reset_mask(self, options)

    assert "a reset_mask that is of integers raises None" in refused(broken_view(_reset_mask=_reset_mask))


def test_a_seed_list_that_is_ignored_is_found():
    def _seed_list(self, seed):
        return VectorView._seed_list(self, seed if isinstance(seed, int) else None)

    assert "reset(seed=list)" in refused(broken_view(_seed_list=_seed_list))


def test_noise_that_the_first_step_after_a_reset_draws_twice_is_found():
    def step(self, state, actions, result):
        normals(state, state["steps"] == 0, 1)
        Drift.step(self, state, actions, result)

    assert "step 0" in refused(broken_world(step=step))


def test_a_run_without_an_end_is_no_check():
    assert "no episode ended" in refused(DriftVectorEnv, steps=4, gust=0.0)


def test_minus_zero_and_nan_are_bits():
    from plansim.testing import _equal

    _equal(np.array([np.nan, -0.0]), np.array([np.nan, -0.0]), "x", "y")
    with pytest.raises(AssertionError, match="x of world 0 is"):
        _equal(np.array([0.0]), np.array([-0.0]), "x", "y gives")
