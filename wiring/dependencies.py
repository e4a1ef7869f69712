"""Prints the requirements of `pyproject.toml`, one a line; `make` hands them to pip, as the project is never installed.

Runs before anything is installed, so it uses the standard library alone.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PROJECT_FILE = Path(__file__).resolve().parent.parent / "pyproject.toml"


def requirements(extras: list[str], project_file: Path = PROJECT_FILE) -> list[str]:
    """The run-time requirements followed by those of each named extra; KeyError for an unknown extra."""
    project = tomllib.loads(project_file.read_text(encoding="utf-8"))["project"]
    optional = project.get("optional-dependencies", {})
    return [*project["dependencies"], *(line for extra in extras for line in optional[extra])]


if __name__ == "__main__":
    sys.stdout.write("\n".join(requirements(sys.argv[1:])) + "\n")
