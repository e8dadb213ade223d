"""What can go wrong and be mended by a person, each with one line that says how."""


class SentinelError(Exception):
    """Something asked for could not be done; the message is one line for a person. Exit code 1."""


class UsageError(SentinelError):
    """A person asked for something that does not exist or is not allowed. Exit code 2."""


class DateRangeError(UsageError):
    """A span of time that holds nothing or is longer than allowed; opens with the code that portals answer with."""

    code = "INVALID_DATE_RANGE"

    def __init__(self, said: str) -> None:
        super().__init__(f"{self.code}: {said}")


class TooLargeError(SentinelError):
    """More rows or bytes than a limit or a format allows; opens with the code that portals answer with."""

    code = "EXPORT_TOO_LARGE"

    def __init__(self, said: str) -> None:
        super().__init__(f"{self.code}: {said}")


class MistakesError(UsageError):
    """Something written holds mistakes; `mistakes` has one line for each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class SettingsError(MistakesError):
    """The configuration holds mistakes."""


class RequestError(MistakesError):
    """A request for a custom report cannot be fulfilled as it is written."""


class SourceUnreachableError(SentinelError):
    """A source system cannot be opened or read; says which, why, and what to check."""


class SourceAwayError(SourceUnreachableError):
    """A source that may be there again in a moment: nobody listens, the network is down, another has locked it."""


class SourceChangedError(SourceAwayError):
    """A source changed while it was read; what was read may be half old, half new, and reading again may help."""


class DamagedFileError(SentinelError):
    """A file of the lake is not what was once written; says which, and how to make it anew."""


class SumTooLargeError(SentinelError):
    """Counts of a source add up to more than 64 bits hold; says which, so that no wrong number is shown."""


class LedgerError(SentinelError):
    """The ledger cannot be opened, read or written; says where it lies and what its database said."""


class LedgerAwayError(LedgerError):
    """A ledger that may be there again in a few minutes: its server does not answer, or let go of us."""


class StoreError(SentinelError):
    """The bucket that a data folder is a working copy of cannot be read or written; says which object, and why."""


class StoreAwayError(StoreError):
    """A bucket that may be there again in a few minutes: its service does not answer, or fails."""


class ObjectChangedError(StoreError):
    """An object was replaced while it was fetched; fetching it again may help."""


class BusyError(SentinelError):
    """Too much of a costly thing is asked for at once; the same may work a moment later."""


class PublishingError(SentinelError):
    """An edition could not be written whole; nothing of it was left behind."""


class VerificationError(SentinelError):
    """A published edition or figure is not what its manifest says."""


def first_line(text: str) -> str:
    """The first line of an error's text that says something; "failed" when none does."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "failed")
