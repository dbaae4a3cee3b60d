"""Exports of other people's cyclers, read into the records of Galvanaut or refused with the reason.

`read_file` reads one file, `write_record` keeps it, `galvanaut.instruments.jobs.AwaitRecord` waits for one.
"""

from galvanaut.instruments.vendorfiles.imported import Imported
from galvanaut.instruments.vendorfiles.record import find_record, read_metadata, write_record
from galvanaut.instruments.vendorfiles.registry import FORMATS, read_file

__all__ = ["FORMATS", "Imported", "find_record", "read_file", "read_metadata", "write_record"]
