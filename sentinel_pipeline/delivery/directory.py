"""The channel that needs no account: every mail becomes an `.eml` file that a mail program opens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sentinel_pipeline.delivery.message import message_bytes
from sentinel_pipeline.delivery.parcel import Answer, Failed, Parcel, Sent
from sentinel_pipeline.lake.whole_files import write_whole


@dataclass(frozen=True)
class Directory:
    """Writes to a folder, under a name that the Message-ID gives; what lies there is not written again."""

    folder: Path

    def send(self, parcel: Parcel) -> Answer:
        path = self._path(parcel.message_id)
        if not path.exists():
            try:
                write_whole(path, message_bytes(parcel))
            except OSError as error:
                return Failed(f"{path}: {error.strerror or error}")
        return Sent(path.name)

    def took(self, message_id: str) -> bool:
        """Whether the mail lies there: it appears whole or not at all."""
        return self._path(message_id).exists()

    def _path(self, message_id: str) -> Path:
        return self.folder / file_name(message_id)


def file_name(message_id: str) -> str:
    """The name of the file that holds the mail of that id."""
    local = message_id.strip("<>").partition("@")[0]
    safe = "".join(character if character.isalnum() or character in "-_." else "_" for character in local)
    return f"{safe}.eml"
