"""Requests to addresses that somebody entered reach nothing that only this machine can."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.environment import env
from config.outbound import Call, OutboundFailed, OutboundRefused, send
from config.outbound.addresses import is_public, read_allowances, refusal
from tests.escalation.paging.sinks import Receiver, receiver

INNER = [
    *("http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/"),
    *("http://localhost/", "http://LOCALHOST./", "http://0.0.0.0/", "http://[::1]/", "http://[::]/"),
    *("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/"),
    *("http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/", "http://100.64.0.1/", "http://169.254.169.254/"),
    *("http://[fd00::1]/", "http://[fe80::1]/", "http://224.0.0.1/", "http://255.255.255.255/", "http://192.0.2.1/"),
    *("http://\u2460\u2461\u2466.0.0.1/", "http://example.org@127.0.0.1/", "ftp://example.org/", "file:///etc/passwd"),
    *("http://", "gopher://127.0.0.1/", "http://127.0.0.1:22/", "//127.0.0.1/", "not a url", "http://[::1"),
]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """A name service of the test's own, answer by answer; connections are those the test has counted on."""
    asked: list[Any] = []

    def know(**answers: list[list[str]]) -> list[Any]:
        real = socket.getaddrinfo

        def resolve(host: str, port: int, *args: Any, **options: Any) -> Any:
            known = answers.get(str(host).replace(".", "_"))
            if known is None:
                return real(host, port, *args, **options)
            asked.append(host)
            found = known.pop(0) if len(known) > 1 else known[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return asked

    return know


@pytest.fixture
def hook(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW = ()
    with receiver() as kept:
        yield kept


@pytest.mark.parametrize("url", INNER)
def test_no_request_goes_to_an_inner_address(url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OUTBOUND_ALLOW = ()
    opened: list[Any] = []
    monkeypatch.setattr(socket, "create_connection", lambda *args, **options: opened.append(args))
    with pytest.raises((OutboundRefused, OutboundFailed)):
        send(Call(url=url))
    assert not opened


def test_a_name_with_one_inner_address_among_others_is_refused(hook: Receiver, names: Any) -> None:
    names(two_example=[["93.184.215.14", "127.0.0.1"]])
    with pytest.raises(OutboundRefused, match=r"127\.0\.0\.1, an address of this machine"):
        send(Call(url="http://two.example/"))


def test_a_name_is_asked_for_once_and_the_connection_goes_to_the_answer(
    hook: Receiver, names: Any, settings: Any
) -> None:
    port = int(hook.url.rpartition(":")[2])
    settings.OUTBOUND_ALLOW = read_allowances(["127.0.0.1"])
    asked = names(rebinding_example=[["127.0.0.1"], ["169.254.169.254"]])
    answer = send(Call(url=f"http://rebinding.example:{port}/in?a=b", body=b"{}"))
    assert (answer.status, asked) == (200, ["rebinding.example"])
    assert (hook.got[0].path, hook.got[0].headers["Host"]) == ("/in?a=b", f"rebinding.example:{port}")


def test_a_redirect_is_an_answer_and_is_not_followed(hook: Receiver, settings: Any) -> None:
    settings.OUTBOUND_ALLOW = read_allowances(["127.0.0.1"])
    hook.answers = [(302, {"Location": "http://169.254.169.254/latest/meta-data"})]
    assert send(Call(url=hook.url)).status == 302
    assert len(hook.got) == 1


def test_a_proxy_of_the_environment_is_not_asked(
    hook: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTBOUND_ALLOW = read_allowances(["127.0.0.1"])
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert send(Call(url=hook.url)).status == 200


def test_an_answer_that_drips_is_cut_off(settings: Any) -> None:
    """A byte every tenth of a second keeps each read alive; the whole ends when its time is over."""
    settings.OUTBOUND_ALLOW = read_allowances(["127.0.0.1"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def drip() -> None:
            connection = server.accept()[0]
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not ended.wait(0.1):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            with pytest.raises(OutboundFailed, match=r"no answer in time|could not be reached"):
                send(Call(url=f"http://127.0.0.1:{server.getsockname()[1]}/"), timeout_seconds=0.5)
        finally:
            ended.set()
            thread.join()


def test_an_answer_is_read_to_its_bound_only(settings: Any) -> None:
    settings.OUTBOUND_ALLOW = read_allowances(["127.0.0.1"])
    with socket.create_server(("127.0.0.1", 0)) as server:

        def flood() -> None:
            connection = server.accept()[0]
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n")
                try:
                    while True:
                        connection.sendall(b"x" * 65536)
                except OSError:
                    return

        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        assert len(send(Call(url=f"http://127.0.0.1:{server.getsockname()[1]}/")).body) == 64 * 1024
        thread.join()


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "goes"),
    [
        ("hooks.internal", "hooks.internal", 8080, "10.0.0.1", True),
        ("hooks.internal", "other.internal", 80, "10.0.0.1", False),
        ("hooks.internal:8080", "hooks.internal", 8080, "10.0.0.1", True),
        ("hooks.internal:8080", "hooks.internal", 80, "10.0.0.1", False),
        ("10.0.0.0/8", "any.internal", 22, "10.9.9.9", True),
        ("10.0.0.0/8", "any.internal", 80, "11.0.0.1", True),
        ("10.0.0.0/8", "any.internal", 81, "11.0.0.1", False),
        ("127.0.0.1:9000", "localhost", 9000, "127.0.0.1", True),
        ("127.0.0.1:9000", "localhost", 9001, "127.0.0.1", False),
        ("[fd00::1]:8080", "six.internal", 8080, "fd00::1", True),
        ("10.0.0.0/8", "mapped.internal", 80, "::ffff:10.0.0.1", True),
    ],
)
def test_what_the_operator_allows(entry: str, host: str, port: int, address: str, goes: bool) -> None:
    found = [ipaddress.ip_address(address)]
    assert (refusal(host, port, found, read_allowances([entry])) == "") is goes


def test_a_wrong_entry_stops_the_start_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTBOUND_ALLOW", "hooks.internal,http://x/")
    with pytest.raises(Exception, match="OUTBOUND_ALLOW holds hosts, addresses or networks"):
        env.allowances("OUTBOUND_ALLOW")


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_as_inner_as_it_is_itself(inner: Any) -> None:
    for outer in (f"::ffff:{inner}", f"64:ff9b::{inner}"):
        assert not is_public(ipaddress.ip_address(outer)) or is_public(inner)
