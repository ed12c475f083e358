"""``python -m bertdemo``: everything the screens do, as commands.

Exit codes: 0 done; 1 it failed while running; 2 wrong input; 130 left with Ctrl-C. An error is one line on
stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bertdemo.commands import app, data, explain, export, manage, predict, report, study, train
from bertdemo.commands.console import Console, Parser
from bertdemo.errors import BertDemoError
from bertdemo.settings import Settings
from bertdemo.tasks.failures import sentence

_COMMANDS = (
    app.add,
    data.add,
    train.add,
    report.add_runs,
    report.add_report,
    predict.add,
    explain.add_explain,
    explain.add_attention,
    study.add,
    report.add_compare,
    export.add_export,
    export.add_notebook,
    manage.add_stop,
    manage.add_test,
    manage.add_cancel,
    manage.add_rename,
    manage.add_delete,
)
_FAILED = 1
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parsed = parser().parse_args(arguments)
    output = Console(parsed.json)
    try:
        code: int = parsed.run(parsed, Settings.from_environment(os.environ), output)
        return code
    except BrokenPipeError:
        # Whoever read our output has enough (``| head``); Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except KeyboardInterrupt:
        output.clear()
        return _INTERRUPTED
    except Exception as error:
        if sys.flags.dev_mode and not isinstance(error, BertDemoError):
            raise  # python -X dev: who looks for a bug wants its traceback
        output.remark(f"bertdemo: {sentence(error)}")
        return error.exit_code if isinstance(error, BertDemoError) else _FAILED


def parser() -> Parser:
    """Return all commands with their arguments."""
    called = "bertdemo" if Path(sys.argv[0]).name == "bertdemo" else "python -m bertdemo"
    top = Parser(prog=called, description="Fine-tune a BERT text classifier and judge it honestly.")
    subparsers = top.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for add in _COMMANDS:
        add(subparsers)
    return top


if __name__ == "__main__":
    sys.exit(main())
