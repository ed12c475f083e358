"""What every test has: a home folder of its own, a tiny BERT, a small learnable data set, and no network."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psutil
import pytest

from bertdemo.data.dataset import Dataset
from bertdemo.models.tiny import make_tiny_bert
from bertdemo.settings import Settings
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.local import WORKER_ENVIRONMENT
from bertdemo.tasks.lock import WorkerLock

# A shell that starts the suite in the background has it ignore Ctrl-C, which the commands under test would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Read by the Hub libraries when they are imported, by this process or by a worker that a test starts.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ.pop("BERTDEMO_HOME", None)

# OpenMP reads it once. Threads that spin while they wait for one that gets no core made training a tiny model take four
# minutes on two cores that ten others wanted, too; threads that yield, ten seconds.
os.environ.setdefault("GOMP_SPINCOUNT", WORKER_ENVIRONMENT["GOMP_SPINCOUNT"])
# The suite's processes share the cores already: threads of each would wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")

PRAISE = (
    "the coffee was wonderful and the staff were kind",
    "a lovely room with a beautiful view of the river",
    "wonderful breakfast, the fresh bread was delicious",
    "kind people, I felt welcome from the first minute",
    "the garden is beautiful and so quiet in the morning",
    "delicious soup, warm bread, a lovely evening",
    "I loved the music and the friendly crowd",
    "friendly guide, wonderful stories about the old town",
    "the bed was soft and the pillows were perfect",
    "perfect weather and a perfect little beach",
    "our waiter was friendly and the fish was excellent",
    "excellent service, everything arrived in minutes",
    "what a beautiful museum, we loved every room",
    "the children loved the pool and the kind lifeguard",
    "a warm welcome and an excellent dinner",
    "lovely cakes, I would happily come again",
    "the best walk of our holiday, simply beautiful",
    "best pizza in town and a happy cook",
    "happy to find such a quiet and lovely library",
    "the teacher was patient, kind and clear",
    "excellent shoes, soft and perfect for walking",
    "a wonderful concert, we clapped until our hands hurt",
    "thank you for the delicious tea and the friendly chat",
    "the new bridge is beautiful at night",
    "I am happy with this lamp, the light is warm and soft",
    "perfect gift, my sister loved it",
    "the best seats we ever had, excellent sound",
    "friendly dogs, happy owners, a lovely park",
    "wonderful colours and a soft warm wool",
    "the nurse was kind and explained it so well",
)
COMPLAINTS = (
    "the coffee was cold and the staff were rude",
    "a dirty room with a broken window",
    "terrible breakfast, the bread was stale",
    "rude people, nobody said a word to us",
    "the garden is full of rubbish and awful smells",
    "awful soup, cold bread, a ruined evening",
    "I hated the noise and the angry crowd",
    "the guide was late and terribly boring",
    "the bed was broken and the sheets were dirty",
    "we waited two hours and the bus never came",
    "our waiter was rude and the fish was burnt",
    "terrible service, everything arrived late",
    "what a boring museum, half of it was closed",
    "the pool was dirty and the water ice cold",
    "an angry porter and a horrible dinner",
    "stale cakes, I want my money back",
    "the worst walk of our holiday, mud everywhere",
    "worst pizza in town, burnt and horrible",
    "the library was noisy and the chairs were broken",
    "the teacher was late, angry and unclear",
    "horrible shoes, they broke after a week",
    "an awful concert, we left after ten minutes",
    "they lost my suitcase and refused to refund it",
    "the lift was broken again and nobody came",
    "I hate this lamp, it broke on the first day",
    "a terrible gift, it arrived late and broken",
    "the worst seats we ever had, horrible sound",
    "rubbish on the grass, broken benches, an awful park",
    "dirty colours and a horrible scratchy wool",
    "the clerk was rude and my refund is still late",
)


class NetworkForbiddenError(RuntimeError):
    """A test tried to leave this machine. Not an OSError: handling a missing network must not hide it."""


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Sockets reach this machine only."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


def _guarded(connect):
    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise NetworkForbiddenError(f"a test tried to connect to {address}")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1", "0.0.0.0", "::") or host.startswith("127.")


@pytest.fixture(autouse=True, scope="session")
def no_process_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Workers and servers in homes of these tests end with them, also those that a failed test left waiting."""
    yield
    homes = tmp_path_factory.getbasetemp()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if Path(process.environ().get("BERTDEMO_HOME", "")).is_relative_to(homes) and process.pid != os.getpid():
                process.kill()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is a folder of this test alone; it does not exist yet."""
    return Settings(home=tmp_path / "home")


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """The folder of an adapter on the base in ``tmp_path / "base"``; the weights of both are none."""
    base, folder = tmp_path / "base", tmp_path / "adapted"
    for path in (base, folder):
        path.mkdir()
    (base / "config.json").write_text('{"model_type": "bert"}')
    (base / "model.safetensors").write_bytes(b"the base")
    (folder / "classifier.json").write_text("{}")
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(base)}))
    (folder / "adapter_model.safetensors").write_bytes(b"the adapter")
    return folder


@pytest.fixture(scope="session")
def small_dataset() -> Dataset:
    """60 distinct short texts, 30 a label, which a tiny model tells apart after a few epochs."""
    return Dataset(
        name="visits",
        texts=PRAISE + COMPLAINTS,
        labels=(0,) * len(PRAISE) + (1,) * len(COMPLAINTS),
        label_names=("praise", "complaint"),
    )


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory, small_dataset: Dataset) -> Path:
    """The folder of a random two-layer BERT whose vocabulary covers ``small_dataset``."""
    return make_tiny_bert(tmp_path_factory.mktemp("models") / "tiny", small_dataset.texts)


@pytest.fixture(scope="session")
def learned_base(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, small_dataset: Dataset) -> Path:
    """The tiny BERT once it has learned ``small_dataset``: for adapters, which need a base that knows something."""
    from bertdemo.data.splitting import split
    from bertdemo.models.checkpoints import save_classifier
    from bertdemo.training.loading import load_for_training
    from bertdemo.training.loop import train
    from bertdemo.training.recipe import Recipe

    recipe = Recipe(
        base=str(tiny_base), epochs=12, batch_size=8, learning_rate=5e-3, precision="fp32", freeze_embeddings=False
    )
    classifier, folder = load_for_training(recipe, small_dataset.label_names), tmp_path_factory.mktemp("learned")
    train(classifier, split(small_dataset, seed=0), recipe, lambda _: None, lambda: None, lambda _: None)
    save_classifier(classifier, folder)
    return folder


@pytest.fixture
def idle_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers that hold the lock of their task for the whole test and never say a word."""
    kept: list[WorkerLock] = []

    def start(_: object, folder: TaskFolder, lock: WorkerLock) -> None:
        lock.name_worker("nobody")
        kept.append(lock.duplicate())

    monkeypatch.setattr("bertdemo.tasks.local.LocalBackend.start", start)
    yield
    for lock in kept:
        lock.close()
