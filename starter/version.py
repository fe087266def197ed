"""Which offhook this is."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The installed version; ``unknown`` in a tree that was never installed."""
    try:
        return version("offhook")
    except PackageNotFoundError:
        return "unknown"
