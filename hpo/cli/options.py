"""Options that several commands share."""

from __future__ import annotations

import re
from typing import Any

import click

runs = click.option(
    "--runs",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Folder of studies. [default: $HPO_RUNS, or runs]",
)

task = click.option(
    "--task",
    metavar="TASK",
    help="The study's task; needed where it is a plugin file, which runs only when named.",
)

data_dir = click.option(
    "--data-dir",
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True),
    help="Folder with data sets. [default: $HPO_DATA_DIR, or that of the search]",
)

as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on standard output."
)


class Memory(click.ParamType[int]):
    """Bytes, written like 800M or 2.5G."""

    name = "memory"
    units = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}  # noqa: RUF012

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read an amount of memory as bytes."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", str(value), re.IGNORECASE)
        if match is None or float(match[1]) == 0:
            self.fail(f"{value!r} is no amount of memory. Write 800M or 2.5G.", param, ctx)
        return int(float(match[1]) * (1 << self.units[match[2].upper()]))


class Duration(click.ParamType[float]):
    """Seconds, written like 90, 90s, 30m, 1.5h."""

    name = "duration"
    units = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}  # noqa: RUF012

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a duration as seconds."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value))
        if match is None or float(match[1]) == 0:
            self.fail(f"{value!r} is no duration. Write 90s, 30m or 2h.", param, ctx)
        return float(match[1]) * self.units[match[2]]
