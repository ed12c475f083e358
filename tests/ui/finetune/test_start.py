"""What is kept between two looks at the same data."""

from dataclasses import replace

import pytest

from bertdemo.ui.finetune import start


@pytest.fixture(autouse=True)
def nothing_kept():
    start._split.clear()


def test_equal_content_of_two_people_keeps_the_name_each_gave_it(small_dataset):
    mine, theirs = replace(small_dataset, name="mine"), replace(small_dataset, name="theirs")
    one, other = (start.parts_of(each, seed=0, limit=None) for each in (mine, theirs))
    assert (one.dataset, other.dataset) == (mine, theirs)
    assert one.test == other.test
