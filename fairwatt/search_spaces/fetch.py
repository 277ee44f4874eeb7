"""From the name of a published table to the table: its file downloaded, checked and imported.

Files stay in `<cache_dir>/downloads`, so that a table can be made again without a download; they may be deleted.
"""

import os
from pathlib import Path

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.download import FetchError, Patience, Progress, RemoteFile, Say, download
from fairwatt.search_spaces.http_answer import is_allowed, public
from fairwatt.search_spaces.published_file import Source
from fairwatt.search_spaces.sources import TableNotFoundError, list_tables, load_table, verify
from fairwatt.search_spaces.table import TableError
from fairwatt.search_spaces.table_import import import_file

MIRROR = "FAIRWATT_MIRROR"
"""The environment variable with the address of a folder that holds published files by their names, tried first."""


def fetch(
    name: str,
    progress: Progress | None = None,
    *,
    import_it: bool = True,
    import_progress: Progress | None = None,
    say: Say | None = None,
    patience: Patience | None = None,
) -> Path:
    """Bring the table `name`, or that of the published file `name`, here, and return its path.

    A table that is here and sound is left as it is. import_it: where false, the file only is brought, and its path
    returned. progress, import_progress: called with the bytes done and the bytes in all. say: called with a line for
    whatever the user should know. Raises UnknownNameError with the nearest name, FetchError where the file has no
    address, where none gives it or the disk does not take it, UserError.
    """
    say = say or (lambda line: None)
    name = next((source.name for source in SOURCES.values() if source.filename == name), name)
    if import_it and (path := _here(name, say)):
        return path
    if name not in SOURCES:
        if name in {info.name for info in list_tables()}:
            raise FetchError(f"the table {name!r} has no published file; leave --file-only out to check what is here")
        raise UnknownNameError("table", name, SOURCES)
    source = SOURCES[name]
    if not source.public:
        raise FetchError(
            f"the table {name!r} cannot be fetched: {source.filename} has no public address; it is "
            f"{source.repository}; if you have it ({source.bytes:,} bytes, sha256 {source.sha256}), type: "
            f"fairwatt data import {source.filename}"
        )
    wanted = RemoteFile(downloads_dir() / source.filename, source.bytes, source.sha256, addresses(source))
    if wanted.is_here():
        say(f"{wanted.path} is here, {source.bytes:,} bytes with the right sha256")
    else:
        download(wanted, progress, say, patience)
    return import_file(wanted.path, progress=import_progress) if import_it else wanted.path


def downloads_dir() -> Path:
    """Where fetched files are."""
    return cache_dir() / "downloads"


def addresses(source: Source) -> tuple[str, ...]:
    """Where to ask for a file, in order of trial; raises UserError where FAIRWATT_MIRROR is neither https nor local."""
    mirror = os.environ.get(MIRROR, "").strip()
    if mirror and not is_allowed(mirror):
        raise UserError(
            f"{MIRROR} = {public(mirror)!r}: expected an address that begins with https:// "
            "(or http://localhost, http://127.0.0.1)"
        )
    return (*((f"{mirror.rstrip('/')}/{source.filename}",) if mirror else ()), *source.urls)


def _here(name: str, say: Say) -> Path | None:
    """The table where it is here and sound; None where it must be made, or made again."""
    if name not in SOURCES and name not in {info.name for info in list_tables()}:
        return None
    try:
        verify(name)
        path = load_table(name).path  # sound, and not of an older fairwatt
    except TableNotFoundError:
        return None
    except TableError as error:
        if name not in SOURCES:
            raise
        say(f"{error}; making it again")
        return None
    say(f"the table {name!r} is here and sound: {path}")
    return path
