"""What one MCP call costs in process, beside the SDK's own server, and how many a second the web server answers."""

from pathlib import Path

from tests.bench.sides import (
    DATABASES,
    Requests,
    heading,
    in_turns,
    print_rates,
    print_rows,
    rates,
    rates_heading,
    sides,
)
from tests.bench.web import wrk
from tests.services.stack import Stack

PROBE = Path(__file__).parent / "probes" / "mcp.py"
SECONDS = 4
ABOUT = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def measure(before: Path | None) -> None:
    """Print the tables of docs/benchmarks.md."""
    print(heading("call"))
    for database in DATABASES:
        with sides(database, before) as pair:
            print_rows(database, in_turns(pair, PROBE))
    print("\n" + rates_heading())
    for database in DATABASES:
        with sides(database, before, settings="tests.bench.site.settings") as pair:
            print_rates(database, rates(pair, REQUESTS))


def _call(name: str, arguments: dict[str, object], side: Stack, port: int, key: str) -> float:
    params = {"name": name, "arguments": arguments, "_meta": ABOUT}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": name,
    }
    return wrk(port, "/mcp", body, key, side.folder, SECONDS, headers=headers)


CACHED: dict[str, object] = {"image_hash": "ab" * 32, "model_version": "acme-1"}
REQUESTS: Requests = {
    "count_tokens": lambda side, port, told: _call("count_tokens", {"text": "hello"}, side, port, told["key"]),
    "check_cache, a miss": lambda side, port, told: _call("check_cache", CACHED, side, port, told["key"]),
}
