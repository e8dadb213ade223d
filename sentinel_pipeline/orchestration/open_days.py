"""The days a step may work on, with the lake held meanwhile."""

import time
from collections import deque
from collections.abc import Iterator, Sequence

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.closures import in_use, is_closed
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.orchestration.progress import say

HELD_SECONDS = 5.0


def open_days(lake: Lake, days: Sequence[Period]) -> Iterator[Period]:
    """The days that retention has not closed; nothing of the lake is deleted while one of them is worked on.

    What there is of a closed day stays as it is: counted anew it would be told with less than it had. The lake is held
    for several days, as asking for it costs more than a small day, but never so long that retention waits in vain.
    """
    left = deque(days)
    while left:
        with in_use(lake):
            until = time.monotonic() + HELD_SECONDS
            while left and time.monotonic() < until:
                day = left.popleft()
                if is_closed(lake, day.key):
                    say(f"{day.key} stays as it is: what it was read from was deleted by retention")
                else:
                    yield day
