"""The first screen appears before anything heavy is loaded."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "accelerate", "sklearn", "datasets", "altair", "tokenizers", "fastapi")
SCRIPT = f"""
import sys
from streamlit.testing.v1 import AppTest
from bertdemo.ui.kit import resources
resources.warm_up = lambda: None  # it comes after the first paint, in the background
app = AppTest.from_file("app.py", default_timeout=600).run()
assert not app.exception and app.title, app
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""


def test_the_first_screen_loads_nothing_heavy(tmp_path):
    environment = {**os.environ, "BERTDEMO_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
