#!/usr/bin/env bash
# Without its CUDA kernel, MRA of transformers 5.23.0 gives every text the same answer.
#
# Expected: on a CPU the model is slow, or raises because its kernel is missing.
# Seen:     no error and no warning: attention is all zeros, so the hidden state of the first token, which the
#           classification head reads, depends on the first token alone. Two texts that share nothing but <s> have equal
#           logits, and fine-tuning on a CPU ends with one answer for all texts. Only other tokens tell texts apart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.13.0 transformers==5.23.0
CUDA_VISIBLE_DEVICES= venv/bin/python - <<'PYTHON'
import platform
import warnings

import torch
import transformers
from transformers import MraConfig, MraForSequenceClassification

torch.manual_seed(0)
config = MraConfig(
    vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
    max_position_embeddings=128, initializer_range=0.5,
)
model = MraForSequenceClassification(config).eval()
one, other = torch.randint(5, 100, (1, 64)), torch.randint(5, 100, (1, 64))
one[:, 0] = other[:, 0] = 2  # <s>
with torch.no_grad(), warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    logits = model(one).logits, model(other).logits
print(f"Python {platform.python_version()}, torch {torch.__version__}, transformers {transformers.__version__}")
print("tokens that the texts share:", int((one == other).sum()), "of 64")
print("logits:", *[each.tolist() for each in logits])
assert torch.equal(*logits), "the texts are told apart"
assert not told, [str(each.message) for each in told]
PYTHON
