"""What may be said of a delivery."""

from __future__ import annotations

from typing import Literal

State = Literal["planned", "sending", "sent", "refused", "uncertain"]
STATES: tuple[State, ...] = ("planned", "sending", "sent", "refused", "uncertain")
Doubt = Literal["hold", "repeat", "sent"]
DOUBTS: tuple[Doubt, ...] = ("hold", "repeat", "sent")
