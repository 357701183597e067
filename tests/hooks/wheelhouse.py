"""Wheels made of what is installed here, so that a package can be installed again without any index."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from email import message_from_string
from importlib.metadata import Distribution, distribution
from itertools import product
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import Tag, parse_tag

_OF_THE_INSTALLATION = {
    *("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"),
}


def closure(requirements: Iterable[str]) -> dict[str, Distribution]:
    """Everything that ``requirements`` need, by name. PackageNotFoundError for what is not installed."""
    found: dict[str, Distribution] = {}
    open_ = [Requirement(text) for text in requirements]
    while open_:
        wanted = open_.pop()
        name = wanted.name.lower().replace("_", "-")
        if name in found or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        found[name] = distribution(wanted.name)
        open_ += [Requirement(text) for text in found[name].requires or ()]
    return found


def pack(installed: Distribution, folder: Path) -> Path:
    """One distribution as a wheel in ``folder``."""
    path = folder / f"{_name(installed)}-{installed.version}-{_tags(installed)}.whl"
    record = f"{_info(installed)}/RECORD"
    lines: list[str] = []
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in _files(installed):
            wheel.writestr(name, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(data)}\n")
        wheel.writestr(record, "".join([*lines, f"{record},,\n"]))
    return path


def _files(installed: Distribution) -> Iterator[tuple[str, bytes]]:
    """What lies beside the package; scripts outside are made anew by the installer."""
    for file in installed.files or ():
        local = not file.is_absolute() and ".." not in file.parts and "__pycache__" not in file.parts
        if local and file.name not in _OF_THE_INSTALLATION:
            yield file.as_posix(), Path(str(installed.locate_file(file))).read_bytes()


def _info(installed: Distribution) -> str:
    return next(file.parts[0] for file in installed.files or () if file.parts[0].endswith(".dist-info"))


def _name(installed: Distribution) -> str:
    return _info(installed).removesuffix(".dist-info").rpartition("-")[0]


def _tags(installed: Distribution) -> str:
    said = message_from_string(installed.read_text("WHEEL") or "").get_all("Tag") or ["py3-none-any"]
    tags = [tag for text in said for tag in parse_tag(text)]
    parts = ({tag.interpreter for tag in tags}, {tag.abi for tag in tags}, {tag.platform for tag in tags})
    assert {Tag(*each) for each in product(*parts)} >= set(tags)
    return "-".join(".".join(sorted(part)) for part in parts)
