"""Where fairwatt keeps what it imported, fetched or worked out once."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """$FAIRWATT_CACHE, or the user's cache folder of this platform; it may not exist yet."""
    if chosen := os.environ.get("FAIRWATT_CACHE"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("fairwatt", appauthor=False))
