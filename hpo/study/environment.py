"""The environment of a search: versions, backend, devices and platform."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpo._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGES = ("keras", "tensorflow", "jax", "optuna", "hyperopt", "scikit-learn", "numpy")


@dataclass(frozen=True)
class Environment:
    """The environment of a search.

    Attributes:
        versions: The versions of hpo, Python and the packages that matter, by name.
        backend: Keras's backend, or None if it is not known.
        devices: Keras's names for the devices that it found.
        platform: The operating system and the processor, or None if they are not known.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    backend: str | None = None
    devices: tuple[str, ...] = ()
    platform: str | None = None

    @classmethod
    def here(cls) -> Environment:
        """The environment of this process; imports Keras."""
        import keras

        return cls(
            versions(),
            keras.backend.backend(),
            tuple(str(device) for device in keras.distribution.list_devices()),
            platform.platform(),
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Environment:
        """Read what :meth:`to_json` or an earlier version of hpo wrote."""
        own = {name: value for name, value in stored.items() if name in ("backend", "platform")}
        others = {name: v for name, v in stored.items() if name not in ("devices", *own)}
        return cls(versions=others, devices=tuple(stored.get("devices") or ()), **own)

    def to_json(self) -> dict[str, Any]:
        """The versions by name, and "backend", "devices" and "platform"."""
        return {
            **self.versions,
            "backend": self.backend,
            "devices": list(self.devices),
            "platform": self.platform,
        }


def versions() -> dict[str, str]:
    """The versions of hpo, Python and the packages that matter, by name."""
    installed = {name: _version(name) for name in PACKAGES}
    return {
        "hpo": __version__,
        "python": platform.python_version(),
        **{name: version for name, version in installed.items() if version},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
