"""A headless Chromium, driven over a pipe by the Chrome DevTools Protocol: no driver, no port, no package.

Each :class:`Page` records what its console said and what it asked the network for.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_PATIENCE = 60.0


def installed() -> str | None:
    """The path of a Chromium or Chrome; None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def running(profile: Path) -> Iterator[Chromium]:
    """A browser of its own with an empty profile."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    flags = [
        "--headless=new",
        "--remote-debugging-pipe",
        "--no-sandbox",  # the tests may run as root
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
        f"--user-data-dir={profile}",
        "about:blank",
    ]
    command = f'exec "$@" 3<&{to_read} 4>&{from_write}'
    process = subprocess.Popen(
        ["bash", "-c", command, "browser", str(installed()), *flags],
        pass_fds=(to_read, from_write),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "XDG_CONFIG_HOME": str(profile), "XDG_CACHE_HOME": str(profile)},
    )
    os.close(to_read)
    os.close(from_write)
    try:
        yield Chromium(from_read, to_write)
    finally:
        process.terminate()
        process.wait(_PATIENCE)
        os.close(from_read)
        os.close(to_write)


class BrowserError(AssertionError):
    """The browser said no, or nothing."""


class Chromium:
    """One browser process: sends commands, sorts what comes back."""

    def __init__(self, answers: int, commands: int) -> None:
        self._answers = answers
        self._commands = commands
        self._rest = b""
        self._last = 0
        self._pages: dict[str, Page] = {}

    def page(self) -> Page:
        """A new tab."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = self._pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            page.call(f"{domain}.enable")
        return page

    def call(self, method: str, params: Mapping[str, Any] | None = None, session: str = "") -> Any:
        """Sends one command and waits for its answer; what happens meanwhile goes to the pages."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params or {}}
        message |= {"sessionId": session} if session else {}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._commands, data) :]
        until = time.monotonic() + _PATIENCE
        while True:
            answer = self.read(until)
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                return answer["result"]

    def read(self, until: float) -> dict[str, Any]:
        """The next message; an event is noted by its page on the way."""
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, until - time.monotonic()))
            more = os.read(self._answers, 1 << 20) if ready else b""
            if not more:
                raise BrowserError("the browser is silent")
            self._rest += more
        first, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        if "method" in message and message.get("sessionId") in self._pages:
            self._pages[message["sessionId"]].note(message["method"], message["params"])
        return message


@dataclass
class Page:
    """One tab."""

    browser: Chromium
    session: str
    target: str
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of the console, exceptions, refusals of the content security policy."""
    requests: list[str] = field(default_factory=list)
    """Every address that was asked for."""
    loads: int = 0
    dialogs: int = 0

    def call(self, method: str, **params: Any) -> Any:
        """One command of the protocol."""
        return self.browser.call(method, params, self.session)

    def close(self) -> None:
        """Ends the tab."""
        self.browser.call("Target.closeTarget", {"targetId": self.target})

    def note(self, method: str, params: Mapping[str, Any]) -> None:
        """What the browser tells by itself."""
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(params["args"])[:500])
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Page.loadEventFired":
            self.loads += 1
        elif method == "Page.javascriptDialogOpening":
            self.dialogs += 1

    def look(
        self, *, width: int = 1200, height: int = 900, scheme: str = "light", script: bool = True
    ) -> None:
        """The window's size, the colour scheme that the reader prefers, and whether JavaScript runs."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)

    def open(self, path: Path, anchor: str = "") -> None:
        """Loads a file and waits until it is there."""
        wanted = self.loads + 1
        self.call("Page.navigate", url=path.as_uri() + anchor)
        until = time.monotonic() + _PATIENCE
        while self.loads < wanted:
            self.browser.read(until)

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression, promises awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise BrowserError(json.dumps(result["exceptionDetails"])[:1000])
        return result["result"].get("value")

    def type(self, text: str) -> None:
        """Types into the element that has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int) -> None:
        """Presses one key, such as ``Tab`` (9) or ``Enter`` (13)."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        down = {"key": key, "windowsVirtualKeyCode": code, "text": text}
        self.call("Input.dispatchKeyEvent", type="keyDown", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """A picture of the page, the whole of it or what the window shows."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        part = {"clip": clip, "captureBeyondViewport": True} if whole else {}
        shot = self.call("Page.captureScreenshot", format="png", **part)
        path.write_bytes(base64.b64decode(shot["data"]))
