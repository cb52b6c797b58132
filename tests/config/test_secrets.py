"""One policy of secrets for logs, the trail, bugs, containers and the model's door."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.keys import PREFIX
from config.secrets import MARK, blank, is_secret_name, keyed, known_as, scrub
from dockerdebug.redaction import Redactor
from prompts.provider import redact

DOORS = [blank, Redactor().text, redact]
NAMES = ["blank", "redaction", "provider"]
# Put together here, so that no scanner takes this file for a leak.
SHAPES = [
    PREFIX + "3kTq9ZxW5vB8nM2pR7sYcD4fG6hJ1lQa",
    "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "gho_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "ghs_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_" + "11ABCDEFG0abcdefghijkl_mnopqrstuvwx",
    "glpat-" + "abcdefghij0123456789",
    "sk-proj-" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "sk-ant-api03-" + "abcdefghijklmnop",
    "sk_live_" + "abcdefghij0123456789",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ABIA" + "IOSFODNN7EXAMPLE",
    "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "xoxb-" + "123456789012-abcdefghijkl",
    "xoxb-" + "1234567890",  # the shortest there is
    "xapp-" + "1-A0123-456789-abcdef",
    "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "pypi-" + "AgEIcHlwaS5vcmcCJGFiY2RlZmdo",
    "hvs." + "CAESIJ1234567890abcdefgh",
    "hvb." + "AAAAAQJ1234567890abcdefgh",
    "AGE-SECRET-KEY-" + "1QYQSZQGPQYQSZQGPQYQSZQGP",
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----",
    "-----BEGIN PRIVATE KEY-----\ncut off",
]
NAMED = [
    "password=SEKRET1 x",
    "db_passwd := SEKRET1",
    "password: 'SEKRET1', user='bob'",
    "SECRET_KEY=SEKRET1",
    "mysql --password SEKRET1 -h db",
    "run --api-key SEKRET1",
    "Authorization: Basic SEKRET1Og==",
    "headers={'Authorization': 'Bearer SEKRET1abc', 'X': 1}",
    "got Bearer SEKRET1abc",
    "Cookie: a=1; session=SEKRET1\nHost: x",
    '{"api_key": "SEKRET1", "n": 1}',
    "postgres://app:SEKRET1@db/x",
    "redis://:SEKRET1@cache:6379/0",
    "https://SEKRET1@host/repo.git",
    "amqp://u:p@SEKRET1@host/",
    "https://x.example/y?access_token=SEKRET1&z=1",
    "https://x.example/y?sv=2024&sig=SEKRET1%3D&z=1",
    "AccountName=a;AccountKey=SEKRET1+tq==;Suffix=x",
]
# What people and agents type, and what configuration files, dumps and logs have.
WRITTEN = [
    "mysql -pSEKRET1 -h db",
    "mysql -uroot -p'SEKRET1' db; ls",
    "/usr/bin/mysql -u root -pSEKRET1",
    "sshpass -p SEKRET1 ssh bob@host",
    "sshpass -pSEKRET1 ssh h",
    "curl -u bob:SEKRET1 https://h/x",
    "curl -ubob:SEKRET1 x",
    "curl --user 'bob:SEKRET1' x",
    "curl -s --proxy-user=a:SEKRET1 x",
    'curl -H "Authorization: Basic SEKRET1" http://x',
    "curl -H 'X-Api-Key: SEKRET1' x",
    "PGPASSWORD=SEKRET1 psql",
    "docker login -u bob -p SEKRET1 reg.example",
    "echo SEKRET1 | docker login --password-stdin",
    "redis-cli -h x -a SEKRET1 ping",
    "redis-cli --pass SEKRET1 ping",
    "redis-cli -h x AUTH SEKRET1",
    "valkey-cli AUTH bob SEKRET1",
    "az sql server create -n db -u bob -p SEKRET1",
    "openssl rsa -passin pass:SEKRET1 -in k",
    "openssl enc -aes-256-cbc -k SEKRET1",
    "aws configure set aws_secret_access_key SEKRET1",
    "kubectl create secret generic x --from-literal=foo=SEKRET1",
    "kubectl create secret generic x --from-literal foo=SEKRET1",
    "machine h login bob password SEKRET1",
    "//registry.npmjs.org/:_authToken=SEKRET1",
    "npm config set //registry.npmjs.org/:_authToken SEKRET1",
    "Server=db;User=sa;Password=SEKRET1 with;X=1",
    "host=db user=bob password=SEKRET1 dbname=x",
    "host=db password='SEKRET1 b'",
    "jdbc:postgresql://h/db?user=bob&password=SEKRET1",
    "jdbc:oracle:thin:bob/SEKRET1@h",
    "sqlplus scott/SEKRET1@db",
    "ALTER ROLE bob PASSWORD 'SEKRET1'",
    "CREATE USER b IDENTIFIED BY 'SEKRET1'",
    "<password>SEKRET1</password>",
    "password%3DSEKRET1%26x",
    "postgres://bob:SEK/SEKRET1@db/x",
    "postgres://bob:SE#SEKRET1@db/x",
    "password: |\n  SEKRET1\n",
    "&quot;password&quot;:&quot;SEKRET1&quot;",
    '{\\\\\\"password\\\\\\":\\\\\\"SEKRET1\\\\\\"}',
    "accountKey=SEKRET1;",
    "{clientSecret: 'SEKRET1'}",
    "the password is SEKRET1",
    "echo SEKRET1 | sudo -S ls",
    "echo root:SEKRET1 | chpasswd",
    "bash -c 'mysql -pSEKRET1 x'",
    "docker exec db sh -c 'mysql -pSEKRET1 x'",
    "--from-literal=password=SEKRET1",
    "twine upload -u x -p SEKRET1 dist/*",
    "7z a -pSEKRET1 x.7z",
    "zip -P SEKRET1 x",
    "ldapsearch -D cn=x -w SEKRET1",
    "vault login SEKRET1",
    "vault kv put secret/x foo=SEKRET1",
    "gh secret set X -b SEKRET1",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nSEKRET1\n-----END OPENSSH PRIVATE KEY-----",
    "smbclient -U bob%SEKRET1 //h",
    "https://SEKRET1TOKEN99:x-oauth-basic@github.com/x",
    "secret key: SEKRET1",
    '$env:PASSWORD = "SEKRET1"',
    "export STRIPE_KEY=SEKRET1",
    'password="SEKRET1 cut',
    "Set-Cookie: sid=SEKRET1; Path=/",
    "password=SEK\\SEKRET1",
    "password=abc)SEKRET1 x",
    "mongosh -u a -p SEKRET1",
    'git config http.extraheader "AUTHORIZATION: basic SEKRET1"',
    "az login -u a -p SEKRET1",
    "mysql --password=SEKRET1",
    "mysql --password SEKRET1",
    "MYSQL_PWD=SEKRET1 mysql",
    "{'pwd': 'SEKRET1'}",
    "heroku config:set FOO=SEKRET1",
    "skopeo copy --src-creds bob:SEKRET1 a b",
    "passwd: SEKRET1",
    "x" * 500 + "password=SEKRET1",
    "ALTER ROLE a PASSWORD 'it''s SEKRET1'",
    "password = 'it''s SEKRET1'",
]
HARMLESS = [
    "Unexpected token: }",
    "KeyError: 'password'",
    "author: bob, secretary=eve",
    "token_limit=100, max_tokens=4096, tokens: 12",
    "Basic settings are wrong",
    "connect to https://example.org/path?page=2 failed",
    "a@b.example is not known",
    "[OK] 3 API keys work",
    "DB_PASSWORD_FILE=/run/secrets/db_password",
    "pulled digest sha256:24887b92e2afd4a2ac602419ad4b596372f67ac9b077190f459aba390faf0000",
    "run 0198c1f2-7d3e-7000-8000-000000000001 of prompt greet@3 passed 12 of 12",
    "token_count=5 password_changed_at=2024-01-01 key_id=abc primary_key=id author=bob",
    "auth.py:12: error in token.go:3",
    "docker run -p 8080:80 nginx && ssh -p 22 host && grep -p x && sort -k 2",
    "mysql -u root -h db -p shop",
    "curl -u bob https://h -b cookies.txt -H 'Accept: application/json'",
    "the password must be set, and the token limit is 8",
    "create table u (password text not null, token varchar(20))",
    "http://host:8080/path@x https://registry.example.org:443/@scope/pkg",
    "mysql -p$DB_PASSWORD; export PASSWORD=${DB_PASSWORD} TOKEN={{ token }}",
    "Send the key as `Authorization: Bearer <key>`.",
    '{"usage": {"prompt_tokens": 5}, "primary_key": "id"}',
    '127.0.0.1 "GET /api/v1/prompts?cursor=cD0xMA%3D%3D HTTP/1.1" 200',
]
SECRET_NAMES = """
    password db_password PGPASSWORD MYSQL_PWD SMTP_PASS passphrase client_secret clientSecret client_secret_value
    SECRET_KEY api_key apiKey APIKEY X-Api-Key access_token refreshToken GITHUB_TOKEN csrfmiddlewaretoken API_TOKENS
    aws_secret_access_key AccountKey SharedAccessKey private_key STRIPE_KEY FERNET_KEY Authorization proxy-authorization
    auth REDISCLI_AUTH _authToken Cookie set-cookie sessionid PHPSESSID credentials signature SIGNING_SALT otp pin dsn
    VAULT_UNSEAL connection_string jwt spring.datasource.password password2
""".split()  # noqa: SIM905 - forty quoted lines would say no more
OTHER_NAMES = """
    author AUTHOR secretary SECRETARY_NAME token_count token_limit max_tokens tokens prompt_tokens total_tokens
    password_changed_at password_policy key_id primary_key PRIMARY_KEY cache_key public_key KEYMAP keyboard monkey
    AUTH_ENABLED auth_backend auth_user SSH_AUTH_SOCK SECRET_KEY_FILE tokenizer SESSION_TIMEOUT bypass compass PWD
    cookie_domain key value name host user
""".split()  # noqa: SIM905
HOSTILE = [
    "x",
    "/",
    "//",
    "://",
    "a://",
    "://a:b",
    "a:",
    "=",
    "a=\t",
    '"',
    "'",
    "\n",
    "\\",
    " ",
    ".",
    "a.",
    "&",
    "a_",
    "a@",
    "-",
    "- ",
    "--token",
    "--token ",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY",
    "-----BEGIN PRIVATE KEY-----",
    "-----END ",
    "password=",
    "password=x ",
    'password="',
    "password='password=\"",
    'password=\\"',
    'password=\\\\"x',
    "password:|\n",
    "password=&quot;",
    "password%3D",
    "password=}",
    "password=a]]]]",
    "password ",
    "password is ",
    '{"password":',
    "?key=",
    "?key",
    "hr_",
    "hr_ ",
    "eyJaaaaaaaa.",
    "eyJaaaaaaaa-",
    "SK",
    "s.",
    "sk-",
    "mysql ",
    "mysql -px ",
    "mysql '",
    "'mysql \"mysql ",
    '"mysql ',
    "curl -u a:b ",
    "echo x | sudo -S ",
    "sudo -S ",
    "echo ",
    "<password>",
    "<password>x",
    "set ",
    "set --a ",
    "set token ",
    "Bearer ",
    "Basic abcdefghi ",
    "token:",
    "key: ",
    "api key: ",
    "cookie: a;",
    "cookie:[secret]",
    "cookie:{{",
    ";password=a b",
    "jdbc:oracle:thin:a/",
    "vault put a=b ",
    "x-",
    "hooks.slack.com/services/",
    "password",
    "\u0130=",
]
every_door = pytest.mark.parametrize("door", DOORS, ids=NAMES)


@every_door
@pytest.mark.parametrize("secret", SHAPES)
def test_a_known_shape_is_blanked_wherever_it_stands(door: Callable[[str], str], secret: str) -> None:
    blanked = door(f"it said {secret} and stopped")
    assert blanked.startswith("it said ")
    assert not any(line in blanked for line in secret.splitlines())


@every_door
@pytest.mark.parametrize("text", [*NAMED, *WRITTEN])
def test_a_named_secret_is_blanked(door: Callable[[str], str], text: str) -> None:
    assert "SEKRET1" not in door(text)


@every_door
@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(door: Callable[[str], str], text: str) -> None:
    assert door(text) == text


@every_door
@pytest.mark.parametrize("text", [*SHAPES, *NAMED, *WRITTEN])
def test_blanking_twice_changes_nothing_more(door: Callable[[str], str], text: str) -> None:
    assert door(door(text)) == door(text)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_name_of_a_secret_is_one_at_every_door(name: str) -> None:
    value = "correct-horse-7"
    assert is_secret_name(name)
    assert scrub({name: value}) == {name: MARK}
    assert value not in blank(f"{name}={value}")
    assert value not in Redactor().variable(name, value)
    assert value not in Redactor({name: value}).text(f"it said {value}")


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_name_about_a_secret_is_none_at_every_door(name: str) -> None:
    assert not is_secret_name(name)
    assert scrub({name: "postgresql"}) == {name: "postgresql"}
    assert blank(f"{name}=postgresql") == f"{name}=postgresql"


def test_a_user_and_a_host_stay_readable() -> None:
    assert blank("psql postgres://app:hunter2@db:5432/shop") == "psql postgres://app:[secret]@db:5432/shop"
    assert blank("curl -u bob:hunter2 https://h") == "curl -u bob:[secret] https://h"
    assert blank("git clone https://Zk3vQ9xT7bLm2RwY8p:x-oauth-basic@h/r") == "git clone https://[secret]@h/r"


def test_a_command_given_as_words_is_read_like_one() -> None:
    assert scrub(["mysql", "-phunter2", "-h", "db"]) == ["mysql", "-p[secret]", "-h", "db"]
    assert scrub(["run", "--password", "a b", "--name", "x"]) == ["run", "--password", MARK, "--name", "x"]
    assert scrub({"command": ["docker", "login", "-u", "bob", "-p", "hunter2"]})["command"][-1] == MARK


_LEAVES = st.sampled_from([*SHAPES, *NAMED, *HARMLESS, "-phunter2", "--password", "x", "", 1, None, True])
_TREES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*SECRET_NAMES, *OTHER_NAMES, "name", "value"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(trees=st.lists(_TREES, max_size=3))
def test_values_that_share_what_was_searched_become_what_each_becomes_alone(trees: list[Any]) -> None:
    blanked: dict[str, str] = {}
    assert [scrub(tree, blanked) for tree in trees] == [scrub(tree) for tree in trees]


_SIZE = 1 << 17


@pytest.mark.parametrize("piece", HOSTILE, ids=lambda piece: repr(piece)[:30])
def test_hostile_text_is_read_a_bounded_number_of_times(piece: str) -> None:
    """A look that goes back over the text costs minutes at this size; all of them together cost half a second."""
    started = time.process_time()
    blank((piece * (_SIZE // len(piece) + 1))[:_SIZE])
    assert time.process_time() - started < 20


@pytest.mark.parametrize("piece", ["x", "a:", "password=", "mysql -px ", "://", "lorem ipsum password=dolor\n"])
def test_others_run_while_a_long_text_is_read(piece: str) -> None:
    """The longest time of this process between two turns of another thread; what other processes take is not in it."""
    turns, is_over = [time.process_time()], threading.Event()

    def probe() -> None:
        while not is_over.wait(0.001):
            turns.append(time.process_time())

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        blank((piece * ((1 << 20) // len(piece) + 1))[: 1 << 20])
    finally:
        is_over.set()
        thread.join()
    assert max(after - before for before, after in pairwise([*turns, time.process_time()])) < 10  # 0.15 as a rule


def test_an_id_with_a_secret_becomes_the_same_hash_everywhere(settings: Any) -> None:
    settings.SECRET_KEY = "one of the service"
    assert keyed("order-17") == "order-17"
    assert keyed("login:password=hunter2") == "secret-56f17154a3420c09952f33f1ba4cdbdd"
    assert keyed(keyed("login:password=hunter2")) == keyed("login:password=hunter2")
    assert known_as("order-17") == ["order-17"]
    settings.SECRET_KEY = "another"
    assert keyed("login:password=hunter2") != "secret-56f17154a3420c09952f33f1ba4cdbdd"
