"""What a module's name alone tells: whether Python itself brings it, in which versions, and which package does. Pure.

A package of PyPI that is merely called like a module may belong to a stranger (`fitz`, `google` and `attr` do not
bring the modules of those names), so a name is turned into a package by this list or not at all.
"""

import sys

# Modules the standard library lost, by the version that is without them, and what to use instead (PEP 594, 632).
REMOVED: dict[str, tuple[tuple[int, int], str]] = {
    "macpath": ((3, 8), "os.path"),
    "dummy_threading": ((3, 9), "threading"),
    "_dummy_threading": ((3, 9), "threading"),
    "formatter": ((3, 10), ""),
    "parser": ((3, 10), "ast"),
    "symbol": ((3, 10), "ast"),
    "binhex": ((3, 11), "binascii"),
    "asynchat": ((3, 12), "asyncio"),
    "asyncore": ((3, 12), "asyncio"),
    "distutils": ((3, 12), "setuptools, which brings a `distutils` of its own"),
    "imp": ((3, 12), "importlib"),
    "smtpd": ((3, 12), "aiosmtpd"),
    "aifc": ((3, 13), ""),
    "audioop": ((3, 13), ""),
    "cgi": ((3, 13), "email.message and urllib.parse"),
    "cgitb": ((3, 13), ""),
    "chunk": ((3, 13), ""),
    "crypt": ((3, 13), "hashlib"),
    "imghdr": ((3, 13), ""),
    "lib2to3": ((3, 13), ""),
    "mailcap": ((3, 13), ""),
    "msilib": ((3, 13), ""),
    "nis": ((3, 13), ""),
    "nntplib": ((3, 13), ""),
    "ossaudiodev": ((3, 13), ""),
    "pipes": ((3, 13), "subprocess and shlex"),
    "sndhdr": ((3, 13), ""),
    "spwd": ((3, 13), ""),
    "sunau": ((3, 13), ""),
    "telnetlib": ((3, 13), ""),
    "uu": ((3, 13), "base64"),
    "xdrlib": ((3, 13), "struct"),
}
# Modules the standard library got after 3.6.
ADDED: dict[str, tuple[int, int]] = {
    "contextvars": (3, 7),
    "dataclasses": (3, 7),
    "importlib.resources": (3, 7),
    "importlib.metadata": (3, 8),
    "graphlib": (3, 9),
    "zoneinfo": (3, 9),
    "tomllib": (3, 11),
    "wsgiref.types": (3, 11),
    "annotationlib": (3, 14),
    "compression": (3, 14),
    "concurrent.interpreters": (3, 14),
    "string.templatelib": (3, 14),
}
PYTHON_2 = {
    "BaseHTTPServer": "http.server",
    "ConfigParser": "configparser",
    "Cookie": "http.cookies",
    "HTMLParser": "html.parser",
    "Queue": "queue",
    "SimpleHTTPServer": "http.server",
    "SocketServer": "socketserver",
    "StringIO": "io",
    "Tkinter": "tkinter",
    "__builtin__": "builtins",
    "cPickle": "pickle",
    "cStringIO": "io",
    "commands": "subprocess",
    "cookielib": "http.cookiejar",
    "httplib": "http.client",
    "thread": "_thread",
    "urllib2": "urllib.request",
    "urlparse": "urllib.parse",
    "xmlrpclib": "xmlrpc.client",
}
# Compiled parts that a build of Python leaves out when it finds no headers: Debian's -dev package of each.
COMPILED = {
    "_bz2": "libbz2-dev",
    "_ctypes": "libffi-dev",
    "_curses": "libncurses-dev",
    "_dbm": "libgdbm-compat-dev",
    "_gdbm": "libgdbm-dev",
    "_hashlib": "libssl-dev",
    "_lzma": "liblzma-dev",
    "_sqlite3": "libsqlite3-dev",
    "_ssl": "libssl-dev",
    "_tkinter": "tk-dev",
    "_uuid": "uuid-dev",
    "_zstd": "libzstd-dev",
    "readline": "libreadline-dev",
    "zlib": "zlib1g-dev",
}
# Parts of the standard library that Debian keeps in packages of their own.
DEBIAN_PARTS = {
    "_tkinter": "python3-tk",
    "distutils": "python3-distutils",
    "ensurepip": "python3-venv",
    "lib2to3": "python3-lib2to3",
    "tkinter": "python3-tk",
    "_gdbm": "python3-gdbm",
}
# Import names whose package is called otherwise; of one that two packages bring, the one its own project recommends.
NAMED_OTHERWISE = {
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "corsheaders": "django-cors-headers",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "django_filters": "django-filter",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "factory": "factory-boy",
    "fitz": "pymupdf",
    "git": "gitpython",
    "github": "pygithub",
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.pubsub": "google-cloud-pubsub",
    "google.cloud.storage": "google-cloud-storage",
    "google.generativeai": "google-generativeai",
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
    "grpc": "grpcio",
    "jwt": "pyjwt",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "nacl": "pynacl",
    "pkg_resources": "setuptools<81",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "telegram": "python-telegram-bot",
    "umap": "umap-learn",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
# Well-known packages whose import name is their own, hyphens written as underscores.
NAMED_ALIKE = frozenset(
    """
    aiohttp aiosqlite alembic anthropic anyio apscheduler arq asyncpg backoff bcrypt bleach boto3 botocore cachetools
    celery certifi cffi channels chardet click cryptography cython dask django docker elasticsearch email_validator
    faker fastapi fastmcp filelock flask flask_cors flask_login flask_migrate flask_sqlalchemy flower gevent
    greenlet gunicorn h11 httpcore httptools httpx huggingface_hub hypercorn hypothesis idna itsdangerous jinja2
    jsonschema kombu langchain langchain_core litellm loguru lxml mako markdown markupsafe marshmallow matplotlib motor
    msgpack mypy networkx nltk numba numpy openai openpyxl orjson packaging pandas paramiko passlib peewee pika plotly
    polars prometheus_client psutil psycopg pyarrow pydantic pydantic_core pydantic_settings pymongo pymysql pypdf
    pytest pytz redis regex requests rich ruff scipy seaborn sentry_sdk setuptools shapely simplejson six sniffio spacy
    sqlalchemy sqlmodel sqlparse starlette statsmodels streamlit structlog sympy tenacity tiktoken tomli torch
    torchvision tornado tqdm transformers typer typing_extensions tzdata ujson urllib3 uvicorn uvloop waitress
    watchfiles websockets werkzeug whitenoise wheel xlsxwriter xmltodict yarl zstandard
    """.split()  # noqa: SIM905 - two hundred quoted words would say no more
)


def is_standard(module: str) -> bool:
    """Whether any Python since 3.6 brings a module of this name."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in REMOVED or top in ADDED


def removed_in(module: str, minor: str) -> str:
    """The version that dropped this standard module, if it is `minor` or an earlier one."""
    version = REMOVED.get(module.partition(".")[0], ((99, 0), ""))[0]
    return "{}.{}".format(*version) if _parsed(minor) >= version else ""


def added_in(module: str, minor: str) -> str:
    """The version that brought this standard module, if it is later than `minor`."""
    version = ADDED.get(module) or ADDED.get(module.partition(".")[0], (0, 0))
    return "{}.{}".format(*version) if minor and _parsed(minor) < version else ""


def package_of(module: str) -> str:
    """The package that brings a module, where that is known; nothing otherwise."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if known := NAMED_OTHERWISE.get(".".join(parts[:length])):
            return known
    return parts[0].replace("_", "-") if parts[0] in NAMED_ALIKE else ""


def _parsed(minor: str) -> tuple[int, int]:
    major, _, rest = minor.partition(".")
    return (int(major), int(rest)) if major.isdigit() and rest.isdigit() else (0, 0)
