"""The environment a training process starts in, set before it begins: glibc and OpenMP read it once."""

from __future__ import annotations

# Each is a measured gain on a 2-core CPU (benchmarks/README.md):
# - glibc returns large freed blocks to the kernel and faults them in again at every step; keeping them saves that.
# - OpenMP threads spin while they wait for each other. When another process wants the core, every barrier then waits
#   for a thread that is not running; yielding after a short spin costs nothing when the machine is quiet and made
#   training twice as fast beside one busy process.
WORKER_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "GOMP_SPINCOUNT": "2000",
    "TOKENIZERS_PARALLELISM": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
