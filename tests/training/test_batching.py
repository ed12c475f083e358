"""The order of an epoch."""

from hypothesis import given
from hypothesis import strategies as st

from bertdemo.models.encoding import padded_tokens
from bertdemo.training.batching import evaluation_steps, shuffled_batches

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=400)


@given(LENGTHS, st.integers(1, 40), st.integers(0, 10**6))
def test_every_text_is_seen_exactly_once_an_epoch(lengths, size, seed):
    batches = shuffled_batches(lengths, size, seed)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))


@given(LENGTHS, st.integers(1, 40), st.integers(0, 10**6))
def test_the_number_of_steps_is_known_before_the_order_is(lengths, size, seed):
    assert len(shuffled_batches(lengths, size, seed)) == len(shuffled_batches(lengths, size, seed + 1))


def test_equal_seeds_give_equal_orders_and_other_seeds_others():
    lengths = [n % 37 + 3 for n in range(500)]
    assert shuffled_batches(lengths, 16, 5) == shuffled_batches(lengths, 16, 5)
    assert shuffled_batches(lengths, 16, 5) != shuffled_batches(lengths, 16, 6)


def test_little_of_a_batch_is_padding():
    lengths = [(n * 7919) % 60 + 4 for n in range(2000)]
    padded = sum(padded_tokens(rows, lengths) for rows in shuffled_batches(lengths, 32, 0))
    assert sum(lengths) / padded > 0.95


@given(st.integers(1, 500), st.integers(1, 50))
def test_an_epoch_ends_with_an_evaluation_and_has_no_more_than_asked_for(batches, evaluations):
    steps = evaluation_steps(batches, evaluations)
    assert max(steps) == batches
    assert min(steps) >= 1
    assert len(steps) <= evaluations
