"""The real program as a process of its own: started as an operator starts it, killed as a power cut kills it."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

# a start on a busy machine takes seconds; this only bounds how long a broken one keeps a test waiting
PATIENCE = 60.0
ROOT = Path(__file__).parents[2]


@dataclass
class Program:
    """`parley serve --sample` over one home, on a free port."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, home: Path, **settings: str) -> "Program":
        """Start it and wait until it is ready."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        home.mkdir(parents=True, exist_ok=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        command = [str(Path(sys.executable).with_name("parley")), "serve", "--sample", "--port", str(port)]
        with (home / "log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=home, env={**clean, "PARLEY_HOME": str(home), **settings}, stdout=log, stderr=log
            )
        program = cls(home, port, process)
        program.wait_ready()
        return program

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        return (self.home / "log").read_text()

    def wait_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the program ended by itself:\n{self.log()}")
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)  # between two looks
        raise AssertionError(f"the program did not become ready:\n{self.log()}")

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = httpx.post(self.url + path, json=body, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def kill(self) -> None:
        """As kill -9 or a power cut: nothing is finished, nothing is tidied."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As Ctrl+C."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


_SETTINGS = ("PARLEY_", "SLACK_", "WECOM_", "WECHAT_")
