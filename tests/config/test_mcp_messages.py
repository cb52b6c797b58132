"""The protocol's own codes for what is no message, over HTTP and over stdio alike."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.mcp.messages import Malformed, check_message
from tests.config.test_mcp_http import address, post  # noqa: F401  -- the fixture
from tests.config.test_mcp_stdio import ROOT, environment  # noqa: F401

PARSE, REQUEST, PARAMS = -32700, -32600, -32602
MEMBERS = ["jsonrpc", "id", "method", "params", "result", "error"]
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
WRONG: list[tuple[bytes, int, Any]] = [
    (b"{", PARSE, None),
    (b"\xff\xfe", PARSE, None),
    (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', PARSE, None),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}}', PARSE, None),
    (b'{"jsonrpc":"2.0","id":NaN,"method":"ping"}', PARSE, None),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\\ud800"}}', PARSE, None),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b'{"a":' * 150 + b"1" + b"}" * 151, PARSE, None),
    (b"[" + PING + b"]", REQUEST, None),
    (b"[]", REQUEST, None),
    (b"1", REQUEST, None),
    (b"null", REQUEST, None),
    (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', REQUEST, None),
    (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', REQUEST, None),
    (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', REQUEST, None),
    (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', REQUEST, None),
    (b'{"jsonrpc":"2.0","id":[1],"method":"ping"}', REQUEST, None),
    (b'{"jsonrpc":"2.0","id":"' + b"x" * 256 + b'","method":"ping"}', REQUEST, None),
    (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', REQUEST, 1),
    (b'{"id":1,"method":"ping"}', REQUEST, 1),
    (b'{"jsonrpc":"2.0","id":1}', REQUEST, 1),
    (b'{"jsonrpc":"2.0","id":1,"method":5}', REQUEST, 1),
    (b'{"jsonrpc":"2.0","id":"a","method":"ping","params":[1]}', PARAMS, "a"),
    (b'{"jsonrpc":"2.0","id":1,"method":"nothing/such"}', -32601, 1),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nothing","arguments":{}}}', PARAMS, 1),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}', PARAMS, 1),
    (b'{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"nothing"}}', PARAMS, 1),
    (b'{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a://b"}}', PARAMS, 1),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_bugs","arguments":[]}}', PARAMS, 1),
]


def refused(answer: dict[str, Any]) -> tuple[int, Any]:
    assert (answer.get("jsonrpc"), set(answer)) == ("2.0", {"jsonrpc", "id", "error"}), answer
    assert answer["error"]["message"]
    return answer["error"]["code"], answer["id"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("body", "code", "known"), WRONG)
def test_over_http_each_fault_has_its_code(address, key_for, body, code, known):  # noqa: F811
    answer = post(address, key_for("read"), body)
    found = answer.text.split("data: ", 1)[-1].splitlines()[0]
    assert refused(json.loads(found)) == (code, known)
    assert answer.status_code == (200 if "data: " in answer.text else 400) or code in {-32601, PARAMS}


def test_over_stdio_each_fault_has_its_code_and_the_next_line_is_read(environment):  # noqa: F811
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "trial", "version": "1"},
    }
    lines = [json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}).encode()]
    lines.append(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
    lines += [body for body, *_ in WRONG] + [b"", PING.replace(b"1,", b'"last",')]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "manage.py", "mcp"], cwd=ROOT, env=environment, stdin=pipe, stdout=pipe
    ) as child:
        child.stdin.write(b"\n".join(lines) + b"\n")
        child.stdin.flush()
        answers = [json.loads(child.stdout.readline()) for _ in range(len(WRONG) + 2)]
        child.stdin.close()
    found = sorted(str(refused(answer)) for answer in answers if "error" in answer)
    assert found == sorted(str((code, known)) for _, code, known in WRONG)
    assert {answer["id"] for answer in answers if "result" in answer} == {0, "last"}


def test_a_message_over_the_limit_is_refused_by_its_length(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    check_message(PING)
    with pytest.raises(Malformed) as caught:
        check_message(PING + b" " * 100)
    assert caught.value.code == REQUEST


MEMBER = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9) | st.just("2.0") | st.just({})


@given(MEMBER | st.lists(MEMBER, max_size=2) | st.dictionaries(st.sampled_from(MEMBERS), MEMBER))
def test_whatever_comes_is_served_or_refused_by_a_code(value):
    code = 0
    try:
        check_message(json.dumps(value).encode())
    except Malformed as error:
        code = error.code
    whole = isinstance(value, dict) and value.get("jsonrpc") == "2.0"
    assert whole or code in {PARSE, REQUEST}
    assert code in {0, PARSE, REQUEST, PARAMS}
