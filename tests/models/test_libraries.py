"""One thread imports what answers are made of, however many ask for it."""

import importlib
import threading

from bertdemo.models import load_libraries


def test_whoever_asks_meanwhile_waits_until_the_libraries_are_whole(monkeypatch):
    begun, whole, told = threading.Event(), threading.Event(), list[bool]()
    real = importlib.import_module

    def slow(*arguments):
        begun.set()
        whole.wait(30)
        return real(*arguments)

    monkeypatch.setattr(importlib, "import_module", slow)
    first = threading.Thread(target=load_libraries)
    second = threading.Thread(target=lambda: (load_libraries(), told.append(whole.is_set())))
    first.start()
    assert begun.wait(30)
    second.start()
    second.join(0.2)
    assert told == []
    whole.set()
    second.join(60)
    first.join(60)
    assert told == [True]
