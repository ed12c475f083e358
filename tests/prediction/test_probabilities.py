"""Softmax, held against SciPy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from bertdemo.prediction.probabilities import softmax

ROWS = st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=1, max_size=20)


@given(ROWS, st.floats(0.05, 20))
def test_softmax_is_the_known_one(logits, temperature):
    scaled = [[logit / temperature for logit in row] for row in logits]
    assert softmax(logits, temperature) == pytest.approx(special.softmax(scaled, axis=1), abs=1e-12)
