"""The real program as a process of its own: started as an operator starts it, killed as a power cut kills it."""

import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
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
    keeper: threading.Thread = field(init=False)

    @classmethod
    def start(cls, home: Path, **settings: str) -> "Program":
        """Start it and wait until it is ready."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        home.mkdir(parents=True, exist_ok=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        command = [str(Path(sys.executable).with_name("parley")), "serve", "--sample", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=home, env={**clean, "PARLEY_HOME": str(home), **WORDS_ALONE, **settings}, stderr=subprocess.PIPE
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
        """Read the log until it says so; from then on it is only kept."""
        is_over = threading.Event()
        self.keeper = threading.Thread(target=self._keep_log, args=(is_over,), daemon=True)
        self.keeper.start()
        assert is_over.wait(PATIENCE), f"the program did not become ready:\n{self.log()}"
        assert self.process.poll() is None, f"the program ended by itself:\n{self.log()}"
        # it says so just before the port opens
        with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as http:
            assert http.get(f"{self.url}/readyz", timeout=PATIENCE).status_code == 200

    def _keep_log(self, is_over: threading.Event) -> None:
        assert self.process.stderr is not None
        with (self.home / "log").open("ab", buffering=0) as log, self.process.stderr as lines:
            for line in lines:
                log.write(line)
                if b'"event": "ready"' in line:
                    is_over.set()
        is_over.set()  # it ended

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = httpx.post(self.url + path, json=body, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def kill(self) -> None:
        """As kill -9 or a power cut: nothing is finished, nothing is tidied."""
        self.process.kill()
        self.process.wait()
        self.keeper.join()

    def stop(self) -> None:
        """As Ctrl+C."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        self.keeper.join()


WORDS_ALONE = {"PARLEY_EMBEDDING_MODEL": "none"}
"""Loading what finds passages by meaning takes ten seconds of a processor that only its own tests should spend."""
_SETTINGS = ("PARLEY_", "SLACK_", "WECOM_", "WECHAT_")
