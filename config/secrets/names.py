"""Which names say that their value is secret: `client_secret_value` does, `token_limit` and `author` do not."""

import re
from functools import lru_cache
from itertools import pairwise

_MOST_CHARACTERS = 200
_MOST_KEPT = 2_000
"""Names judged before: the fields of answers and reports come again and again."""
# Spares nearly every name the rest: each secret name has one of these.
_HINT = re.compile(
    r"pass|pwd|pswd|secret|token|key|cred|cookie|auth|bearer|signature|salt|pepper|otp|pin|cvv|cvc|[cx]srf|dsn|unseal"
    r"|jwt|sess|conn|pw|psk|contrase|kennwort|senha|wachtwoord|clave|has[lł]o|парол|密|パス|비밀|암호",
    re.IGNORECASE,
)
_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")
_WORDS = frozenset(
    """
    pass pwd pswd secrets token credential credentials cred creds cookie cookies auth authorization authorisation bearer
    signature salt pepper otp totp pin cvv cvc csrf xsrf dsn unseal jwt sessionid sessid phpsessid jsessionid
    passin passout storepass keypass dbpass userpass sshpass smtppass rootpass adminpass bindpass mypass passcode
    passkey apikeys connectionstring pw dbpw rootpw userpw psk requirepass masterauth passe senha clave haslo hasło
    """.split()  # noqa: SIM905 - sixty quoted lines would say no more
)
_CONTAINED = re.compile(
    r"password|passwd|passphrase|secret(?!ar)"
    r"|passwort|kennwort|contrase[nñ]a|motdepasse|wachtwoord|парол|密码|密碼|パスワード|비밀번호|암호"
)
_ENDINGS = (
    "storepass",
    "keypass",
    "token",
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
    "accountkey",
    "sharedkey",
    "authkey",
    "pwd",
)
_KINDS_OF_KEY = frozenset(
    """
    api access private signing sign encryption decryption encrypt master account storage ssh host deploy fernet secret
    service license licence session shared auth client server app crypt cipher hmac aes rsa gpg pgp admin root webhook
    stripe sendgrid mailgun openai anthropic gemini azure aws sentry datadog twilio subscription function
    """.split()  # noqa: SIM905
)
# A variable of the environment that ends in _KEY holds a key, but for these.
_KEYS_OF_DATA = frozenset(
    "primary public foreign cache sort partition routing unique object idempotency lookup group order hash".split()  # noqa: SIM905
)
_KINDS_OF_TOKENS = frozenset({"api", "access", "refresh", "auth", "bearer", "session", "secret", "id", "deploy"})
_KINDS = {"key": _KINDS_OF_KEY, "keys": _KINDS_OF_KEY, "tokens": _KINDS_OF_TOKENS}
_PAIRS = frozenset({("connection", "string"), ("session", "id")})
# Names that end so tell something about a secret, and are none.
_ABOUT = frozenset(
    """
    limit limits count length len size type kind ttl timeout expiry expires expiration in at age enabled disabled
    required valid invalid backend usage used file files path paths dir sock socket name names url uri algorithm mode id
    ids user username login host hostname port email domain issuer audience scope scopes version status state error
    errors method provider scheme realm prefix format model class field label title description policy changed stdin
    prompt rules attempts failed ok py js ts tsx jsx go rb rs java kt c h cs php json yml yaml toml txt md sh html css
    cfg ini lock log fd
    """.split()  # noqa: SIM905
)
_COUNTED = frozenset("max min num total is has no not count needs requires uses allow prompt completion".split())  # noqa: SIM905
_OF_THE_SHELL = frozenset({"PWD", "OLDPWD"})  # where it is; `pwd` is a password


def is_secret_name(name: str) -> bool:
    """Whether a name says that its value is secret. Of a very long one only the end is looked at."""
    return _is_secret(name[-_MOST_CHARACTERS:])


@lru_cache(_MOST_KEPT)
def _is_secret(name: str) -> bool:
    if not _HINT.search(name) or name in _OF_THE_SHELL:
        return False
    parts = [part.lower().rstrip("0123456789") for part in _BORDER.split(name)]
    parts = [part for part in parts if part]
    if (
        not parts
        or (parts[-1] in _ABOUT and parts[-2:] != ["session", "id"])
        or (parts[0] in _COUNTED and len(parts) > 1)
    ):
        return False
    return any(map(_is_secret_word, parts)) or _names_a_key(name, parts)


def _is_secret_word(part: str) -> bool:
    return part in _WORDS or part.endswith(_ENDINGS) or bool(_CONTAINED.search(part))


def _names_a_key(name: str, parts: list[str]) -> bool:
    """Two words together: `api_key`, `session id`; of variables in capitals any `_KEY` that is not one of data."""
    pairs = list(pairwise(parts))
    if _PAIRS.intersection(pairs) or any(second in _KINDS and first in _KINDS[second] for first, second in pairs):
        return True
    return name.isupper() and bool(pairs) and parts[-1] == "key" and parts[-2] not in _KEYS_OF_DATA
