#!/usr/bin/env bash
# In torch 2.13.0 the first nn.Embedding on the device "meta" imports torch's compiler: 800 modules, seconds of CPU.
#
# Expected: a layer on "meta" has no numbers to draw and costs nothing, as nn.Linear there does; nn.utils.skip_init, whose
#           purpose is to save the drawing, is cheaper than the plain layer.
# Seen:     nn.Linear draws by uniform_, which "meta" knows. nn.Embedding draws by normal_, which it does not: a Python
#           reference takes its place and imports torch._dynamo, with sympy and torch.distributed.tensor. 2 to 7 s of CPU
#           where the table itself, of 30,522 × 384 numbers, is drawn in .1 s. skip_init goes by "meta", and pays the same.
# Whoever starts quickly makes the layer on the CPU and leaves out its `reset_parameters`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.13.0
cat > measure.py <<'PYTHON'
import platform
import sys
import time

import torch
from torch import nn

MAKE = {
    "nn.Embedding(30522, 384)": lambda: nn.Embedding(30522, 384),
    'nn.Linear(384, 384, device="meta")': lambda: nn.Linear(384, 384, device="meta"),
    'nn.Embedding(8, 8, device="meta")': lambda: nn.Embedding(8, 8, device="meta"),
    "nn.utils.skip_init(nn.Embedding, 8, 8)": lambda: nn.utils.skip_init(nn.Embedding, 8, 8),
}
name, heavy = list(MAKE)[int(sys.argv[1])], sys.argv[2] == "heavy"
modules, began = len(sys.modules), time.process_time()
MAKE[name]()
seconds, more = time.process_time() - began, len(sys.modules) - modules
compiler = [each for each in ("torch._dynamo", "sympy", "torch.distributed.tensor") if each in sys.modules]
print(f"Python {platform.python_version()}, torch {torch.__version__}: {name}: {seconds:.2f} s of CPU, {more} modules {compiler}")
assert (len(compiler) == 3) == heavy
assert (more > 500) == heavy
PYTHON
venv/bin/python measure.py 0 light
venv/bin/python measure.py 1 light
venv/bin/python measure.py 2 heavy
venv/bin/python measure.py 3 heavy
