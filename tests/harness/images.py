"""Container images and artifacts made from nothing: small, and with bytes that no other test has."""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path

OCI = "application/vnd.oci"
MANIFEST = f"{OCI}.image.manifest.v1+json"
INDEX = f"{OCI}.image.index.v1+json"
CONFIG = f"{OCI}.image.config.v1+json"
LAYER = f"{OCI}.image.layer.v1.tar+gzip"
EMPTY = f"{OCI}.empty.v1+json"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def described(media_type: str, content: bytes, **more: object) -> dict:
    """The descriptor of some bytes."""
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


def noise(size: int) -> bytes:
    """Bytes that do not compress and that nobody else has."""
    return hashlib.shake_128(uuid.uuid4().bytes).digest(size)


@dataclass(frozen=True)
class Document:
    """A manifest or an index, with all that it refers to."""

    media_type: str
    body: bytes
    blobs: dict[str, bytes] = field(default_factory=dict)
    children: tuple["Document", ...] = ()

    @property
    def digest(self) -> str:
        return digest_of(self.body)

    @property
    def layers(self) -> list[str]:
        """The digests of the layers, first to last."""
        return [layer["digest"] for layer in json.loads(self.body).get("layers", [])]

    def descriptor(self, **more: object) -> dict:
        return described(self.media_type, self.body, **more)

    def everything(self) -> dict[str, bytes]:
        """Every blob and every document below, this one included, by digest."""
        found = {**self.blobs, self.digest: self.body}
        for child in self.children:
            found |= child.everything()
        return found


def document(media_type: str, content: dict, blobs: dict, children: tuple = ()) -> Document:
    body = json.dumps({"schemaVersion": 2, "mediaType": media_type, **content}).encode()
    return Document(media_type, body, blobs, children)


def tar(files: dict[str, bytes], mode: int = 0o755) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def image(
    *layers: bytes, architecture: str = "amd64", command: tuple[str, ...] = ("/data",), **more: object
) -> Document:
    """An image of uncompressed layers, one of 10 KiB if there is none; `more` goes into the manifest."""
    layers = layers or (tar({"data/noise": noise(10_240)}),)
    packed = [gzip.compress(layer, 1, mtime=0) for layer in layers]
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": list(command)},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]},
        "history": [{"created_by": "keyway's tests"} for _ in layers],
    }
    text = json.dumps(config).encode()
    content = {"config": described(CONFIG, text), "layers": [described(LAYER, layer) for layer in packed], **more}
    return document(MANIFEST, content, {digest_of(blob): blob for blob in (text, *packed)})


def busybox() -> bytes:
    """A layer with one program that needs no library."""
    program = shutil.which("busybox", path="/bin:/usr/bin:/usr/local/bin")
    assert program, "busybox is not installed: run tests/install"
    return tar({"bin/busybox": Path(program).read_bytes()})


def runnable(says: str, **more: object) -> Document:
    """An image that prints a line when it is run."""
    marked = tar({"etc/keyway-tests": noise(1024)}, 0o644)
    return image(busybox(), marked, command=("/bin/busybox", "echo", says), **more)


def index(*children: Document, **more: object) -> Document:
    """A multi-platform index, by the platforms that the children's configurations name."""
    platforms = []
    for child in children:
        config = json.loads(child.blobs[json.loads(child.body)["config"]["digest"]])
        platforms.append({"architecture": config["architecture"], "os": config["os"]})
    manifests = [child.descriptor(platform=platform) for child, platform in zip(children, platforms, strict=True)]
    return document(INDEX, {"manifests": manifests, **more}, {}, children)


def two_platforms() -> Document:
    return index(image(architecture="amd64"), image(architecture="arm64"))


def artifact(kind: str, content: bytes, subject: Document | None = None, **annotations: str) -> Document:
    """What signers attach: an artifact with an empty configuration, as cosign and notation shape it."""
    about = {"subject": subject.descriptor()} if subject else {}
    body = {
        "artifactType": kind,
        "config": described(EMPTY, b"{}"),
        "layers": [described(kind, content)],
        **about,
        "annotations": annotations,
    }
    return document(MANIFEST, body, {digest_of(blob): blob for blob in (b"{}", content)})


def oci_archive(top: Document, name: str | None = None) -> bytes:
    """A layout in a tar as buildah and skopeo write it: the blobs before the index."""
    named = {"annotations": {"org.opencontainers.image.ref.name": name}} if name else {}
    files = {f"blobs/{digest.replace(':', '/')}": content for digest, content in top.everything().items()}
    files["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [top.descriptor(**named)]}).encode()
    return tar(files, 0o644)


def chart(name: str, version: str) -> bytes:
    """A Helm chart, as `helm package` packs one."""
    meta = f"apiVersion: v2\nname: {name}\nversion: {version}\ndescription: A chart of the tests\n"
    template = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
    files = {f"{name}/Chart.yaml": meta, f"{name}/values.yaml": "", f"{name}/templates/map.yaml": template}
    return gzip.compress(tar({path: text.encode() for path, text in files.items()}, 0o644), mtime=0)
