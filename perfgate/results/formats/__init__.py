"""The result files of all tools, perfgate's own included: find them, recognize them, read them.

Each tool has a package here that implements `Format`; nothing outside that package knows the tool.
``docs/how-to/new-adapter.md`` tells how to add one.
"""

from perfgate.results.formats.interface import Format, Part
from perfgate.results.formats.readers import UploadedRun, read_results, read_run, read_upload
from perfgate.results.formats.registry import all_formats
from perfgate.results.formats.search import FoundRun, find_results
from perfgate.results.formats.untrusted_text import NO_COMMIT

__all__ = [
    "NO_COMMIT",
    "Format",
    "FoundRun",
    "Part",
    "UploadedRun",
    "all_formats",
    "find_results",
    "read_results",
    "read_run",
    "read_upload",
]
