"""A program that asks for its licence with `keygen-py`, an SDK that knows nothing of Keyway: the README's example.

    python app.py SETTINGS validate | offline-license FILE | activate | check-out FILE | offline FILE | heartbeat |
    deactivate

SETTINGS is a JSON file: `url`, `account`, `product`, `key`, `public_key`, `fingerprint`. Each command prints what it learned.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from keygen_sh import validate
from keygen_sh.config import KeygenConfig, set_config
from keygen_sh.errors import Error, KeygenError, LicenseNotActivated
from keygen_sh.license import License
from keygen_sh.license_file import LicenseFile
from keygen_sh.machine_file import MachineFile

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


async def activate() -> dict:
    try:
        license = await validate([fingerprint])
    except KeygenError as error:
        told = Error.from_error(error)
        if not isinstance(told, LicenseNotActivated):
            raise
        await License.activate_machine(told.license["id"], fingerprint)
        license = await validate([fingerprint])
    return {"license": license.id, "status": license.status}


async def machine():
    license = await validate([fingerprint])
    return await license.machine(fingerprint)


async def check_out(path: str) -> dict:
    file = await (await machine()).checkout(86_400, ["license", "license.entitlements"])
    Path(path).write_text(file.certificate)
    return {"ttl": file.ttl}


async def offline(path: str) -> dict:
    """Without the network: signature, time and fingerprint are in the file."""
    secret = settings["key"] + fingerprint
    file = MachineFile.from_cert(secret, Path(path).read_text())
    file.verify()
    found = file.decrypt(secret)
    return {"license": found.license.id, "fingerprint": found.machine.fingerprint, "ttl": found.ttl}


async def heartbeat() -> dict:
    pinged = await (await machine()).ping()
    return {"heartbeat": str(pinged.heartbeat_status)}


async def deactivate() -> dict:
    await (await machine()).deactivate()
    return {"deactivated": fingerprint}


COMMANDS = {
    "validate": is_valid,
    "offline-license": offline_license,
    "activate": activate,
    "check-out": check_out,
    "offline": offline,
    "heartbeat": heartbeat,
    "deactivate": deactivate,
}

status = 0
try:
    print(json.dumps(asyncio.run(COMMANDS[sys.argv[2]](*sys.argv[3:]))), flush=True)
except KeygenError as error:
    print(error, file=sys.stderr, flush=True)
    status = 1
os._exit(status)  # the SDK's threads do not always bear Python's own way out
