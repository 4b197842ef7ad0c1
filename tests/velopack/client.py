"""An app of Velopack's on Linux: run by the Python that has Velopack.

Reads what it is as JSON, says what the check found and what was downloaded as JSON. Nothing is installed.
"""

import hashlib
import json
import sys
from pathlib import Path

import velopack

asked = json.load(sys.stdin)
folder = Path(asked["folder"])
packages, current = folder / "packages", folder / "current"
for made in (packages, current):
    made.mkdir(parents=True, exist_ok=True)
said = {"id": "App", "title": "App", "version": asked["version"], "channel": asked["channel"], "mainExe": "app", "os": "linux"}
metadata = "".join(f"<{key}>{value}</{key}>" for key, value in said.items())
(current / "sq.version").write_text(f'<?xml version="1.0"?><package><metadata>{metadata}</metadata></package>')
for program in ("UpdateNix", "App.AppImage"):
    (folder / program).write_text("x")
locator = velopack.VelopackLocatorConfig(
    str(folder / "App.AppImage"), str(folder / "UpdateNix"), str(packages), str(current / "sq.version"), str(current), True
)
options = velopack.HttpOptions([velopack.HttpHeader("Authorization", f"License {asked['key']}")], 20_000)
found: dict = {}
try:
    manager = velopack.UpdateManager(velopack.HttpSource(asked["url"], options), None, locator)
    update = manager.check_for_updates()
    found["version"] = update and update.TargetFullRelease.Version
    if update:
        found["deltas"] = [delta.FileName for delta in update.DeltasToTarget]
        found["notes"] = update.TargetFullRelease.NotesMarkdown
        manager.download_updates(update)
        file = packages / update.TargetFullRelease.FileName
        found["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
except Exception as error:  # noqa: BLE001  (whatever the client raises is what the app sees)
    found["error"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
