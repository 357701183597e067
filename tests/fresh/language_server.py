"""The little of the Language Server Protocol that an editor needs to ask about one file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any


class Editor:
    """An editor that talks to ``yaml-language-server --stdio``."""

    def __init__(self, server: Path, folder: Path) -> None:
        words = ["node", str(server), "--stdio"]
        self._server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self._last = 0
        self.problems: dict[str, list[dict[str, Any]]] = {}
        folders = [{"uri": folder.as_uri(), "name": "project"}]
        about = {"processId": None, "capabilities": {}, "rootUri": folder.as_uri()}
        self.ask("initialize", {**about, "workspaceFolders": folders})
        self._send({"method": "initialized", "params": {}})
        settings = {"yaml": {"schemaStore": {"enable": False}, "validate": True, "hover": True}}
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": settings}})

    def __enter__(self) -> Editor:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.kill()
        self._server.communicate()

    def open(self, path: Path) -> list[dict[str, Any]]:
        """What the server says about a file, once it has said it."""
        text = path.read_text(encoding="utf-8")
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while path.as_uri() not in self.problems:
            self._receive()
        return self.problems[path.as_uri()]

    def at(self, method: str, path: Path, line: int, character: int) -> Any:
        """The answer about one place, lines and characters from 0."""
        place = {"line": line, "character": character}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": path.as_uri()}, "position": place})

    def ask(self, method: str, params: Mapping[str, object]) -> Any:
        """One request and its result."""
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._last and "method" not in message:
                return message["result"]

    def _receive(self) -> dict[str, Any]:
        assert self._server.stdout is not None
        length = 0
        while line := self._server.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the server ended"
        message: dict[str, Any] = json.loads(self._server.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.problems[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": None})
        return message

    def _send(self, message: Mapping[str, object]) -> None:
        assert self._server.stdin is not None
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._server.stdin.flush()
