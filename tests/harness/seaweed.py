"""SeaweedFS: an object store that checks signatures, as one process with its data in a directory.

`python3 -m harness.seaweed COMMAND …` runs a command with one beside it: `TESTS_S3` names a bucket of it as
`--blobs` wants it, and `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` hold its keys.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from .network import Machine
from .places import client
from .ports import free_ports
from .waiting import until

BUCKET = "keyway-tests"
KEY = "AKIATESTSTESTSTESTS0"
SECRET = "test/secret+of=the/object+store/0123456789"
READER = "AKIATESTSREADSONLY00"
# may do what KEY may
OTHER = "AKIATESTSTESTSTESTS1"


def wanted() -> bool:
    """Whether this run keeps files in an object store."""
    name = os.environ.get("TESTS_BLOBS") or "disk"
    assert name in ("disk", "s3"), f"TESTS_BLOBS is {name}: it may be disk or s3"
    return name == "s3"


class Seaweed:
    """One server; it can be stopped and started again on its data."""

    def __init__(self, machine: Machine | None = None, name: str = "localhost") -> None:
        """`machine` is where it runs, when not on this one, and `name` the host that clients know."""
        self.machine = machine or Machine()
        self.data = Path(tempfile.mkdtemp(prefix="keyway-seaweed-"))
        self.ports = free_ports(8)
        self.port = self.ports[0]
        self.endpoint = f"http://{name}:{self.port}"
        self.process: subprocess.Popen | None = None
        (self.data / "volumes").mkdir()
        keys = [{"accessKey": key, "secretKey": SECRET} for key in (KEY, OTHER)]
        identity = {"name": "keyway", "credentials": keys, "actions": ["Admin"]}
        reader = {
            "name": "reader", "credentials": [{"accessKey": READER, "secretKey": SECRET}], "actions": ["Read", "List"],
        }  # fmt: skip
        (self.data / "identities.json").write_text(json.dumps({"identities": [identity, reader]}))

    def start(self) -> "Seaweed":
        s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc = self.ports
        flags = {
            "dir": self.data / "volumes", "ip": self.machine.address, "ip.bind": self.machine.address, "volume.max": 100,
            "master.port": master, "master.port.grpc": master_grpc, "master.volumeSizeLimitMB": 1024,
            "volume.port": volume, "volume.port.grpc": volume_grpc,
            "filer.port": filer, "filer.port.grpc": filer_grpc,
            "s3.port": s3, "s3.port.grpc": s3_grpc, "s3.config": self.data / "identities.json",
            "s3.iam": "false", "s3.autoCreateBucket": "false", "s3.port.iceberg": 0, "s3.port.lance": 0,
        }  # fmt: skip
        command = [*self.machine.enter, client("seaweedfs") / "bin" / "weed", "server", "-filer", "-s3"]
        command += [f"-{name}={value}" for name, value in flags.items()]
        with (self.data / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                list(map(str, command)), cwd=self.data, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(self.has_bucket, "the object store starts", seconds=60, every=0.2)
        return self

    def has_bucket(self) -> bool:
        """Whether the bucket is there; makes it once the store answers."""
        if self.process.poll() is not None:
            raise AssertionError(f"the object store ended:\n{self.log()}")
        filer = self.ports[6]
        with contextlib.suppress(OSError, http.client.HTTPException):
            for port, method, path in (
                (self.port, "GET", "/status"), (filer, "POST", f"/buckets/{BUCKET}/"),
            ):  # fmt: skip
                connection = http.client.HTTPConnection(self.machine.address, port, timeout=5)
                connection.request(method, path)
                if connection.getresponse().status not in (200, 201, 409):
                    return False
            return True
        return False

    def url(self, prefix: str = "") -> str:
        """The value of `--blobs` for a part of the bucket."""
        return f"s3://{BUCKET}/{prefix}?endpoint={self.endpoint}"

    def environment(self, key: str = KEY) -> dict:
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": SECRET}

    def objects(self, prefix: str = "") -> list[str]:
        """The keys below a prefix, as the file interface shows them."""
        found, below = [], [f"/buckets/{BUCKET}/{prefix}".rstrip("/")]
        while below:
            folder = below.pop()
            connection = http.client.HTTPConnection(self.machine.address, self.ports[6], timeout=10)
            connection.request("GET", f"{folder}/?limit=10000", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            entries = json.loads(answer.read() or b"{}").get("Entries") if answer.status == 200 else None
            for entry in entries or []:
                is_folder = entry["Mode"] & (1 << 31)
                (below if is_folder else found).append(entry["FullPath"])
        return [path.removeprefix(f"/buckets/{BUCKET}/") for path in found]

    def remove(self, key: str) -> None:
        """Removes an object behind everybody's back."""
        connection = http.client.HTTPConnection(self.machine.address, self.ports[6], timeout=10)
        connection.request("DELETE", f"/buckets/{BUCKET}/{key}")
        assert connection.getresponse().status == 204, key

    def log(self) -> str:
        return (self.data / "log.txt").read_text(errors="replace")[-4000:]

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self) -> "Seaweed":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()


_shared: list[Seaweed] = []


def shared() -> Seaweed:
    """The run's object store, started at first use."""
    if not _shared:
        seaweed = Seaweed()
        try:
            _shared.append(seaweed.start())
        except BaseException:
            seaweed.close()
            raise
    return _shared[0]


def close_shared() -> None:
    while _shared:
        _shared.pop().close()


def main() -> int:
    # so that both end when we are told to
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Seaweed() as seaweed:
        environment = {**os.environ, **seaweed.environment(), "TESTS_S3": seaweed.url("tests")}
        environment["TESTS_S3_READER"] = READER
        return subprocess.run(sys.argv[1:], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
