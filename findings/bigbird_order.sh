#!/usr/bin/env bash
# What transformers 5.23.0 answers to a long text with BigBird depends on whether a short text was read before.
#
# Expected: a model in eval mode is a function of its input, so the same text has the same logits whenever it is asked.
# Seen:     the first text of at most (5 + 2 · random blocks) · block size tokens turns `block_sparse` attention into
#           `original_full` for the rest of the process, with one log line; `config.attention_type` still says
#           `block_sparse`. From then on long texts get other logits. With the defaults of BigBird the limit is 704
#           tokens: whoever evaluates a long-text model after one short text evaluates another model.
# Remedy:   set `config.attention_type = "original_full"` when the model is loaded.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.13.0 transformers==5.23.0
venv/bin/python - <<'PYTHON'
import platform

import torch
import transformers
from transformers import BigBirdConfig, BigBirdForSequenceClassification

torch.manual_seed(0)
transformers.logging.set_verbosity_error()
config = BigBirdConfig(
    vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
    block_size=4, num_random_blocks=1, max_position_embeddings=128, initializer_range=0.5,
)
model = BigBirdForSequenceClassification(config).eval()
long, short = torch.randint(5, 100, (1, 64)), torch.randint(5, 100, (1, 8))
with torch.no_grad():
    before, again = model(long).logits, model(long).logits
    model(short)
    after = model(long).logits
print(f"Python {platform.python_version()}, torch {torch.__version__}, transformers {transformers.__version__}")
print("64 tokens:                 ", before.tolist())
print("the same, asked again:     ", again.tolist())
print("the same, after 8 tokens:  ", after.tolist())
print("config says", model.config.attention_type, "and the model computes", model.bert.attention_type)
assert torch.equal(before, again)
assert (before - after).abs().max() > 1, "the answer no longer depends on what was read before"
assert (model.config.attention_type, model.bert.attention_type) == ("block_sparse", "original_full")
PYTHON
