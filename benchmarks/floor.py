"""The floor: parse every manifest with PyYAML's C loader, get every list page with httpx, decode the JSON.

    python benchmarks/floor.py FOLDER URL    (URL "-": only parse)

It does nothing else, so no tool that reads manifests and asks the remote can need much less.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml


def main(folder: str, url: str) -> None:
    """Reads both sides and drops them."""
    manifests = []
    for path in sorted(Path(folder).rglob("*.yaml")):
        manifests += [*yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader)]
    if url != "-":
        print(len(manifests), listed(url))


def listed(url: str) -> int:
    """How many assistants the list has."""
    import httpx

    number, query = 0, {"limit": "100", "order": "asc"}
    with httpx.Client(timeout=60) as client:
        while True:
            page = json.loads(client.get(f"{url}/assistants", params=query).content)
            number += len(page["data"])
            if not page["has_more"]:
                return number
            query["after"] = page["data"][-1]["id"]


if __name__ == "__main__":
    main(*sys.argv[1:])
