"""``app``: open the app in a browser, from whatever folder this is."""

from __future__ import annotations

import argparse
import os
import sys

from bertdemo.commands.console import Console, Subparsers
from bertdemo.settings import Settings, app_script


def add(subparsers: Subparsers) -> None:
    """Arguments: whatever ``streamlit run`` takes, its ``--help`` included; none of them begins with a NUL."""
    summary = "Open the app; what follows goes to streamlit run, such as --server.port 8600."
    parser = subparsers.add_parser("app", help=summary, description=summary, prefix_chars="\0", add_help=False)
    parser.add_argument("streamlit", nargs="*", metavar="OPTION")
    parser.set_defaults(run=run, json=False)


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:  # noqa: ARG001
    """Become the server: whoever ends this process ends it."""
    command = [sys.executable, "-m", "streamlit", "run", str(app_script()), *arguments.streamlit]
    os.execv(sys.executable, command)
