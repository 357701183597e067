"""What somebody writes in ten minutes with the official SDK: read the manifests, list, compare the models.

    python benchmarks/sdk_script.py FOLDER URL

Nothing else that assistctl does is done: no ownership, no drift, no canonical form.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from openai import OpenAI


def main(folder: str, url: str) -> None:
    """Prints how many differ."""
    desired = {}
    for path in sorted(Path(folder).rglob("assistants/*.yaml")):
        manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
        desired[manifest["key"]] = manifest
    client = OpenAI(base_url=url, api_key="none")
    differ = 0
    for remote in client.beta.assistants.list(limit=100, order="asc"):
        marker = (remote.metadata or {}).get("assistctl", "").split()
        wanted = desired.get(marker[2].rstrip("!")) if len(marker) > 2 else None
        differ += wanted is None or wanted.get("model") != remote.model
    print(differ)


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
