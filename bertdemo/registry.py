"""What is found by lying in a folder: attribution methods, sections of the report."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import Any


def members(package: ModuleType, kind: type) -> list[Any]:
    """Return one object of each class of a kind that a module of a package defines, by ``place`` and name.

    Args:
        package: its modules are imported.
        kind: the base class, whose objects have a ``place``; classes that are still abstract are left out.
    """
    found = []
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        for each in vars(importlib.import_module(module.name)).values():
            is_own = isinstance(each, type) and issubclass(each, kind) and each.__module__ == module.name
            if is_own and not inspect.isabstract(each):
                found.append(each())
    return sorted(found, key=lambda each: (each.place, type(each).__name__))
