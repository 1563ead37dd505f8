"""Packs a static program into an OCI image with nothing else in it: image.py PROGRAM VERSION ARCHITECTURE FILE.

The layout is that of https://github.com/opencontainers/image-spec: `podman load -i FILE`, `docker load -i FILE`.
"""

import gzip
import hashlib
import io
import json
import pathlib
import sys
import tarfile

program, version, architecture, output = sys.argv[1:]


def packed(files):
    """A tar of these files; a path that ends with a slash is a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, (content, mode) in files.items():
            entry = tarfile.TarInfo(path.rstrip("/"))
            entry.type = tarfile.DIRTYPE if path.endswith("/") else tarfile.REGTYPE
            entry.mode, entry.size = mode, len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


blobs = {}


def blob(content, kind):
    """Keeps content under its sum, and describes it."""
    digest = hashlib.sha256(content).hexdigest()
    blobs[f"blobs/sha256/{digest}"] = (content, 0o644)
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}


# Archives among the inputs are unpacked into /tmp.
layer = packed({"nrpcsniff": (pathlib.Path(program).read_bytes(), 0o755), "tmp/": (b"", 0o1777)})
config = {
    "architecture": architecture,
    "os": "linux",
    "config": {"Entrypoint": ["/nrpcsniff"], "WorkingDir": "/"},
    "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
}
manifest = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": blob(json.dumps(config).encode(), "config.v1+json"),
    "layers": [blob(gzip.compress(layer, mtime=0), "layer.v1.tar+gzip")],
}
described = blob(json.dumps(manifest).encode(), "manifest.v1+json")
described["annotations"] = {
    "org.opencontainers.image.ref.name": version,
    "io.containerd.image.name": f"localhost/nrpcsniff:{version}",
}
index = {"schemaVersion": 2, "manifests": [described]}
files = {
    "oci-layout": (b'{"imageLayoutVersion": "1.0.0"}', 0o644),
    "index.json": (json.dumps(index).encode(), 0o644),
    **blobs,
}
pathlib.Path(output).write_bytes(packed(files))
