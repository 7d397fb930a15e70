"""A metric over the seeds: what is written in a row does not run into itself."""

import re

import pytest

from plansim.viz.strip_chart import Row, strip_chart


@pytest.mark.parametrize(("label", "intervals"), [("car", 1), ("backwards-into-a-bay", 0)])
def test_a_long_label_leaves_the_interval_to_the_table(label, intervals):
    drawn = strip_chart("seconds", [Row(label, [1e-5, 2e-4], 7.9e-5, -5.13e-5, 2.09e-4)])
    text = re.sub(r"<[^>]*>", "", drawn)
    assert "7.9×10⁻⁵" in text
    assert text.count("to 2.09×10⁻⁴") == intervals
