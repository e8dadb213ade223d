"""What failed, in words, and what makes it the same problem when it fails again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Failing:
    """What failed: `what` in words, the asset (its key with slashes) and partition or the job, and the kind of error.

    `causes` and `mending` are lines, `run` is where it failed. `identity` says which of these make it the same problem.
    """

    what: str
    kind: str
    asset: str
    partition: str
    job: str
    causes: str
    mending: str
    run: str

    @property
    def identity(self) -> str:
        named = json.dumps([self.what, self.kind, self.partition])
        return hashlib.sha256(named.encode()).hexdigest()[:16]
