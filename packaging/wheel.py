"""Packs a program into a wheel, so that `pip install` brings it: wheel.py PROGRAM VERSION PLATFORM FOLDER.

A wheel is a zip with the program under scripts, and three files that say what it is
(https://packaging.python.org/en/latest/specifications/binary-distribution-format/).
"""

import base64
import hashlib
import pathlib
import sys
import zipfile

program, version, platforms, folder = sys.argv[1:]
name = f"nrpcsniff-{version}"
tags = "".join(f"Tag: py3-none-{platform}\n" for platform in platforms.split("."))
script = "nrpcsniff.exe" if program.endswith(".exe") else "nrpcsniff"
readme = pathlib.Path("README.md").read_text(encoding="utf-8")
files = {
    f"{name}.data/scripts/{script}": pathlib.Path(program).read_bytes(),
    f"{name}.dist-info/METADATA": (
        f"Metadata-Version: 2.1\nName: nrpcsniff\nVersion: {version}\n"
        "Summary: Says why HCL Notes, Domino or Sametime sign-on fails\nLicense: MIT OR Apache-2.0\n"
        f"Description-Content-Type: text/markdown\n\n{readme}"
    ).encode(),
    f"{name}.dist-info/WHEEL": f"Wheel-Version: 1.0\nGenerator: nrpcsniff\nRoot-Is-Purelib: false\n{tags}".encode(),
}
record = ""
for path, content in files.items():
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    record += f"{path},sha256={digest},{len(content)}\n"
files[f"{name}.dist-info/RECORD"] = f"{record}{name}.dist-info/RECORD,,\n".encode()

with zipfile.ZipFile(pathlib.Path(folder) / f"{name}-py3-none-{platforms}.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
    for path, content in files.items():
        entry = zipfile.ZipInfo(path)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = (0o100755 if "/scripts/" in path else 0o100644) << 16
        wheel.writestr(entry, content)
