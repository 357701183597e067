"""The embedded server for measurements, with a latency, a counter and a stop watch; see ``stage.py``."""

from __future__ import annotations

import json
import threading
import time

from assistctl.server.app import App
from assistctl.server.http import serve
from assistctl.server.messages import Answer, Request
from assistctl.server.store import Store


class Stage:
    """Counts and delays what the server is asked."""

    def __init__(self) -> None:
        self.app = App(Store(":memory:"))
        self.latency = 0.0
        self.requests = 0
        self.first = self.last = 0.0
        self.lock = threading.Lock()

    def handle(self, request: Request) -> Answer:
        """One request; paths below ``/bench`` are about the measurement."""
        if request.path.startswith("/bench/"):
            return self._control(*request.path.split("/")[2:])
        begin = time.monotonic()
        with self.lock:
            self.requests += 1
            if request.method == "POST" and not self.first:
                self.first = begin
        answer = self.app.handle(request)
        time.sleep(max(0.0, self.latency - (time.monotonic() - begin)))
        if request.method == "POST":
            with self.lock:
                self.last = time.monotonic()
        return answer

    def _control(self, word: str, value: str = "") -> Answer:
        with self.lock:
            told = {"requests": self.requests, "seconds": self.last - self.first}
            if word == "count":
                self.requests = 0
            elif word == "latency":
                self.latency = float(value) / 1000
            elif word == "clear":
                self.app = App(Store(":memory:"))
                self.requests, self.first, self.last = 0, 0.0, 0.0
        return Answer(200, {"content-type": "application/json"}, json.dumps(told).encode())


if __name__ == "__main__":
    serve(Stage().handle, "127.0.0.1", 0, lambda url: print(url, flush=True))
