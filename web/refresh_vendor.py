"""Fetches the third-party files of the console as published and writes their manifest; run by hand to change a version.

`python web/refresh_vendor.py` needs npm. Nothing runs it at run time; tests compare the files with the manifest.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent / "vendor"
_BARLOW = tuple(
    f"files/barlow-{part}-{weight}-normal.woff2" for part in ("latin", "latin-ext") for weight in (400, 500, 600)
)
WANTED: dict[tuple[str, str], tuple[str, ...]] = {
    ("leaflet", "1.9.4"): ("dist/leaflet.js", "dist/leaflet.css", "LICENSE"),
    ("htm", "3.1.1"): ("preact/standalone.module.js", "LICENSE"),
    ("@fontsource/barlow", "5.3.0"): (*_BARLOW, "LICENSE"),
    ("echarts", "6.1.0"): ("dist/echarts.esm.min.js", "LICENSE", "NOTICE"),
}
"""Which files of which release, by their paths in the package."""


def main() -> None:
    """Writes `web/vendor/NAME-VERSION/` and `web/vendor/manifest.json` anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    manifest = [_take(name, version, files) for (name, version), files in WANTED.items()]
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (FOLDER / "manifest.json").write_text(text + "\n", encoding="utf-8")


def _take(name: str, version: str, files: tuple[str, ...]) -> dict[str, object]:
    target = FOLDER / f"{name.rpartition('/')[2]}-{version}"
    target.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"{name}@{version}"]
        packed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        with tarfile.open(Path(folder) / packed.stdout.split()[-1]) as archive:
            archive.extractall(folder, filter="data")
        package = Path(folder) / "package"
        licence = json.loads((package / "package.json").read_text(encoding="utf-8"))["license"]
        for file in files:
            shutil.copyfile(package / file, target / Path(file).name)
    hashes = {Path(each).name: hashlib.sha256((target / Path(each).name).read_bytes()).hexdigest() for each in files}
    return {"name": name, "version": version, "licence": licence, "folder": target.name, "sha256": hashes}


if __name__ == "__main__":
    main()
