"""The one exception tree of perfgate: what went wrong, and whether trying again can help.

    PerfgateError
    ├── InvalidInput            a file, an argument or a policy is not what it must be      (never retry)
    │   ├── InvalidResult       a result file or an upload; knows the path of the bad field
    │   │   └── UnknownFormat   no adapter recognizes it
    │   └── InvalidPolicy       perfgate.toml; knows the line
    ├── MeasurementFailed       a suite could not be built, collected or run                (never retry)
    ├── PermissionDenied        GitHub or a perfgate server refused the credentials         (never retry)
    ├── NotFound                the remote side has no such thing                           (never retry)
    ├── Rejected                the remote side understood and declined the request         (never retry)
    └── Unavailable             time-out, connection lost, 5xx                              (retry)
        └── RateLimited         the remote side asked us to wait; knows for how long        (retry)

Every message names the value, the limit and the next step.
"""

from __future__ import annotations


class PerfgateError(Exception):
    """Base of all errors that perfgate raises on purpose."""

    can_retry = False
    """Whether the same call may succeed later without anybody changing anything."""


class InvalidInput(PerfgateError):
    """Something a person or a program handed to perfgate is malformed."""


class InvalidResult(InvalidInput):
    """A result file that cannot be read.

    Args:
        reason: What is wrong, with the value and the limit.
        path: Where in the document, in JSONPath form such as ``$.samples[3].rounds``.
        source: File name or URL, where known.
    """

    def __init__(self, reason: str, *, path: str = "$", source: str = "") -> None:
        super().__init__(f"{source + ': ' if source else ''}{reason} (at {path})")
        self.reason = reason
        self.path = path
        self.source = source


class UnknownFormat(InvalidResult):
    """No adapter recognizes this file."""


class InvalidPolicy(InvalidInput):
    """A ``perfgate.toml`` that cannot be obeyed.

    Args:
        reason: What is wrong, with the value and what is allowed.
        line: 1-based line in the file, 0 where unknown.
    """

    def __init__(self, reason: str, *, source: str = "perfgate.toml", line: int = 0) -> None:
        super().__init__(f"{source}{f':{line}' if line else ''}: {reason}")
        self.reason = reason
        self.line = line


class MeasurementFailed(PerfgateError):
    """A suite could not be found, built, collected or run."""


class PermissionDenied(PerfgateError):
    """The credentials do not allow this call; asking again will not change that."""


class NotFound(PerfgateError):
    """The remote side has no such thing (any more)."""


class Rejected(PerfgateError):
    """The remote side understood the request and declined it (HTTP 4xx)."""


class Unavailable(PerfgateError):
    """The remote side did not answer properly: time-out, lost connection or HTTP 5xx."""

    can_retry = True


class RateLimited(Unavailable):
    """The remote side asked us to slow down.

    Args:
        message: What was refused.
        retry_after_seconds: How long to wait before the next attempt.
    """

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
