"""The net below all readers of files: what none of them foresaw is a sentence, and its traceback goes to the log."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from bertdemo.errors import BertDemoError, DataError

_log = logging.getLogger(__name__)
_Rest = ParamSpec("_Rest")
_Table = TypeVar("_Table")


def sentence_for_any_failure(
    read: Callable[Concatenate[str, _Rest], _Table],
) -> Callable[Concatenate[str, _Rest], _Table]:
    """Have a function that reads the file of a name raise nothing but a ``DataError``, or that memory is used up."""

    @functools.wraps(read)
    def safely(name: str, /, *rest: _Rest.args, **options: _Rest.kwargs) -> _Table:
        """Read the file, or raise the sentence."""
        try:
            return read(name, *rest, **options)
        except (BertDemoError, MemoryError):
            raise
        except Exception as error:  # files are made by programs that nobody here has seen
            _log.info("a file could not be read", exc_info=True)  # a command prints one line
            kind = name.rpartition(".")[2].casefold()
            raise DataError(
                f"{name} could not be read as .{kind[:20]}, it is damaged or of a form that nobody here knows: save it "
                "again, best as CSV with the columns you need."
            ) from error

    return safely
