"""Data sets as people bring them: repeated texts, texts that differ in looks only, conflicts, gaps."""

from __future__ import annotations

from hypothesis import strategies as st

from bertdemo.data.dataset import NO_LABEL, Dataset

# A small alphabet, so that equal and nearly equal texts are common.
texts = st.one_of(
    st.text(alphabet="aAbB é\u00a0\u200b\tＡ", max_size=4),
    st.text(max_size=20),
    st.sampled_from(["the same text", "The  same TEXT", "another text", ""]),
)


@st.composite
def datasets(draw: st.DrawFn, *, labelled: bool = False, min_rows: int = 1) -> Dataset:
    n_labels = draw(st.integers(1, 4))
    lowest = 0 if labelled else NO_LABEL
    rows = draw(st.lists(st.tuples(texts, st.integers(lowest, n_labels - 1), texts), min_size=min_rows, max_size=60))
    with_pairs = draw(st.booleans())
    return Dataset(
        name="drawn",
        texts=tuple(text for text, _, _ in rows),
        labels=tuple(label for _, label, _ in rows),
        label_names=tuple(f"label {i}" for i in range(n_labels)),
        pairs=tuple(pair for _, _, pair in rows) if with_pairs else None,
    )


@st.composite
def clean_datasets(draw: st.DrawFn) -> Dataset:
    """Distinct texts, three or more under each of several labels, in any order."""
    sizes = draw(st.lists(st.integers(3, 30), min_size=2, max_size=5))
    labels = draw(st.permutations([label for label, size in enumerate(sizes) for _ in range(size)]))
    return Dataset(
        name="clean",
        texts=tuple(f"text {i}" for i in range(len(labels))),
        labels=tuple(labels),
        label_names=tuple(f"label {i}" for i in range(len(sizes))),
    )
