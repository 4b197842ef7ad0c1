"""A program that asks for its licence with `keygen-py`, an SDK that knows nothing of Keyway.

    python app.py SETTINGS validate | offline-license FILE

SETTINGS is a JSON file: `url`, `account`, `product`, `key`, `public_key`, `fingerprint`. Each command prints what it learned.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from keygen_sh import validate
from keygen_sh.config import KeygenConfig, set_config
from keygen_sh.errors import KeygenError
from keygen_sh.license_file import LicenseFile

settings = json.loads(Path(sys.argv[1]).read_text())
fingerprint = settings["fingerprint"]
set_config(
    KeygenConfig(
        api_url=settings["url"],
        api_prefix="v1",
        api_version="1.8",
        account=settings["account"],
        product=settings["product"],
        license_key=settings["key"],
        public_key=settings["public_key"],  # answers and files are believed only if this key signed them
    )
)


async def is_valid() -> dict:
    license = await validate()
    return {"license": license.id, "status": license.status}


async def offline_license(path: str) -> dict:
    """A licence file, without the network."""
    file = LicenseFile.build_from_cert(settings["key"], Path(path).read_text())
    file.verify()
    found = file.decrypt(settings["key"])
    return {"license": found.license.id, "ttl": found.ttl}


COMMANDS = {
    "validate": is_valid,
    "offline-license": offline_license,
}

status = 0
try:
    print(json.dumps(asyncio.run(COMMANDS[sys.argv[2]](*sys.argv[3:]))), flush=True)
except KeygenError as error:
    print(error, file=sys.stderr, flush=True)
    status = 1
os._exit(status)  # the SDK's threads do not always bear Python's own way out
