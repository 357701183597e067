"""Keeps one comment or one issue on GitHub equal to a report of assistctl; only Python's own library.

``report.py comment`` writes the report to the pull request of this run, ``report.py issue`` to an issue. The
first line of the report, a comment that names the owner, is how an earlier one is found again. It runs
isolated (``python -I``): the working folder holds files of a pull request.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARKER = re.compile(r"<!-- assistctl:(?:plan|drift):\S+ -->")
PAGE = 100
MOST_PAGES = 30
SECONDS = 30.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token goes nowhere but where the runner says."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


@dataclass(frozen=True)
class Api:
    """GitHub's REST API for one repository."""

    base: str
    token: str

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer. Raises HTTPError or URLError."""
        request = urllib.request.Request(  # noqa: S310 - the address is the runner's own
            self.base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/vnd.github+json",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=SECONDS) as answer:
            return json.load(answer)

    def listed(self, path: str) -> Iterator[Any]:
        """Every item of a list, page by page."""
        for page in range(1, MOST_PAGES + 1):
            found = self.ask("GET", f"{path}{'&' if '?' in path else '?'}per_page={PAGE}&page={page}")
            yield from found
            if len(found) < PAGE:
                return


def main(what: str, environ: Mapping[str, str]) -> int:
    """The exit code. A token that may not write is a warning: the report is in the step's summary too."""
    text = (Path(environ["RUNNER_TEMP"]) / "assistctl-report.md").read_text(encoding="utf-8")
    marker, _, rest = (text or failed(environ)).partition("\n")
    if not MARKER.fullmatch(marker):
        say("notice", "no report to show; with ASSISTCTL_OWNER set, a failure is told too")
        return 0
    event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    body = f"{marker}\n{rest}\n{origin(event, environ)}\n"
    api = Api(f"{environ['GITHUB_API_URL']}/repos/{environ['GITHUB_REPOSITORY']}", environ["TOKEN"])
    try:
        if what == "comment":
            comment(api, marker, body, event["pull_request"]["number"], environ["AUTHOR"])
        else:
            issue(api, marker, body, environ["DRIFTED"] == "true", environ["AUTHOR"])
    except urllib.error.URLError as error:
        if isinstance(error, urllib.error.HTTPError) and error.code in (403, 404):
            need = "pull-requests: write" if what == "comment" else "issues: write"
            say("warning", f"GitHub refused the {what} ({error.code}): it needs {need}")
            return 0
        say("error", f"the {what} was not written: {error}")
        return 1
    return 0


def say(level: str, words: str) -> None:
    """One line of the log, as an annotation."""
    safe = words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    sys.stdout.write(f"::{level} title=assistctl::{safe}\n")


def comment(api: Api, marker: str, body: str, number: int, author: str) -> None:
    """Edits the comment that begins with ``marker``, or makes it."""
    comments = f"/issues/{number}/comments"
    known = earlier(api.listed(comments), marker, author)
    if known is None:
        api.ask("POST", comments, {"body": body})
    else:
        api.ask("PATCH", f"/issues/comments/{known['id']}", {"body": body})


def issue(api: Api, marker: str, body: str, drifted: bool, author: str) -> None:
    """Opens or edits the issue that begins with ``marker``; closes it once nothing drifts."""
    known = earlier(api.listed("/issues?state=open"), marker, author)
    if drifted and known is None:
        title = f"Drift in {marker.removesuffix(' -->').rpartition(':')[2]}"
        api.ask("POST", "/issues", {"title": title, "body": body})
    elif known is not None:
        done = {} if drifted else {"state": "closed", "state_reason": "completed"}
        api.ask("PATCH", f"/issues/{known['number']}", {"body": body, **done})


def earlier(items: Iterator[Any], marker: str, author: str) -> Any | None:
    """The first of ``items`` with this marker that ``author`` wrote: others may copy the line."""
    for item in items:
        ours = (item.get("user") or {}).get("login") == author
        if ours and "pull_request" not in item and (item.get("body") or "").startswith(marker):
            return item
    return None


def failed(environ: Mapping[str, str]) -> str:
    """What stands in place of a report that was not made: an old one must not look like a new one."""
    owner = environ.get("ASSISTCTL_OWNER", "")
    words = "**assistctl failed:** the run below tells why."
    return f"<!-- assistctl:plan:{owner} -->\n### No plan for `{owner}`\n\n{words}\n"


def origin(event: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Which commit and which run this is about; of a pull request its own commit, not the trial merge."""
    proposed = event.get("pull_request") or {}
    commit = proposed.get("head", {}).get("sha") or environ["GITHUB_SHA"]
    place = f"{environ['GITHUB_SERVER_URL']}/{environ['GITHUB_REPOSITORY']}"
    run = f"{place}/actions/runs/{environ['GITHUB_RUN_ID']}"
    return f"<sub>Commit {commit[:12]}, [run]({run}).</sub>"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], os.environ))
