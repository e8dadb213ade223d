"""Being asked to stop, in every way a process may be started."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """While entered, SIGINT, SIGTERM and SIGHUP only set `is_requested`; what they did before is put back after.

    Programs started meanwhile get the default dispositions of what is caught here, also when this process was started
    with `&`, which has a shell ignore SIGINT. Under nohup SIGHUP stays ignored.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self._before = {number: signal.getsignal(number) for number in ASKING}

    def __enter__(self) -> Self:
        for number, before in self._before.items():
            if number != signal.SIGHUP or before is not signal.SIG_IGN:
                signal.signal(number, self._note)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.is_requested = True
