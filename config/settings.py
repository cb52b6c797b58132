"""Every setting of the service, read from the environment; `.env.example` lists the variables."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import home, installation
from config.environment import (
    checked_broker,
    checked_seed,
    credential_keys,
    database,
    env,
    generated_secret,
    secret,
    set_apart,
)

BASE_DIR = Path(__file__).resolve().parent.parent
HOME_DIR = Path(home.folder())
env.read_env(HOME_DIR / ".env")

# Where it runs and keeps its data
HOST: str = env.str("HOST", "127.0.0.1")
PORT: int = env.int("PORT", 8000)
SOCKET_PATH: Path | None = env.socket("SOCKET_PATH")  # a Unix socket beside the port, for programs of this machine
WEB_THREADS: int = env.whole("WEB_THREADS", 8, most=1000)
PUBLIC_URL: str = env.site("PUBLIC_URL", f"http://{HOST}:{PORT}")
DATA_DIR = Path(env.str("DATA_DIR", str(HOME_DIR / "data"))).resolve()
MAY_MAKE = installation.may_make()
if MAY_MAKE:
    try:
        DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR {DATA_DIR} cannot be made: {error.strerror}") from error

COMMAND: str = env.str("HANDRAIL_COMMAND", "") or home.command(**set_apart(DATA_DIR))

DEBUG: bool = env.switch("DEBUG")
SECRET_KEY = secret("SECRET_KEY") or generated_secret(DATA_DIR / "secret_key", kept=MAY_MAKE)
CREDENTIAL_KEYS = credential_keys(DATA_DIR / "credential_keys", kept=MAY_MAKE)  # of config.vault, the active one first
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=list(dict.fromkeys(["localhost", "127.0.0.1", "[::1]", _public.hostname or "localhost"]))
)
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

TOOLS = ["schemacheck", "visioncache", "escalation", "prompts", "dockerdebug"]
INSTALLED_APPS = [
    "config.pages.apps.AdminConfig",  # urls.py loads the admin: commands and workers spare its 20 MB
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config",
    "audit",
    *TOOLS,
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.serving.middleware.ContentPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.serving.middleware.RequestContextMiddleware",
    "config.serving.people.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.serving.people.AuthenticationMiddleware",
    "config.serving.people.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],  # before the admin's own, whose title it replaces
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database: SQLite out of the box, PostgreSQL by DATABASE_URL
DATABASES: dict[str, dict[str, Any]] = {"default": database(f"sqlite:///{DATA_DIR / home.DATABASE_FILE}")}
DATABASE = DATABASES["default"] = DATABASES["default"] if MAY_MAKE else installation.opened_only(DATABASES["default"])
DATABASE_URL: str = env.str("DATABASE_URL", "")
if DATABASE["ENGINE"].endswith("sqlite3"):
    # WAL without IMMEDIATE fails 75 of 100 read-then-write transactions of four writers at once; all four
    # options together fail none. tests/config/test_sqlite.py proves each one is needed.
    DATABASE["OPTIONS"] = {
        "timeout": 20,  # seconds; a starved writer was seen to wait 5.1
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
    }
    DATABASE["CONN_MAX_AGE"] = 60
else:
    DATABASE["OPTIONS"] = {
        **DATABASE.get("OPTIONS", {}),
        "pool": {"min_size": 1, "max_size": env.whole("DATABASE_POOL_SIZE", 24, most=10_000), "timeout": 5},
    }
    DATABASE["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cache: only rates and rendered figures live here, nothing that correctness needs
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}

# Security
TLS = _public.scheme == "https"
SECURE_SSL_REDIRECT = TLS
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # probes speak plain HTTP to the port itself
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = TLS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'"
)
TRUSTED_PROXIES: int = env.whole(
    "TRUSTED_PROXIES", 0, least=0, most=10
)  # of our own before us, that append to X-Forwarded-For
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "dashboard"  # when the login page was asked to go on to another site
CSRF_FAILURE_VIEW = "config.pages.errors.csrf_failure"
MAX_EVENT_BYTES: int = env.whole("MAX_EVENT_BYTES", 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE: int = env.whole("MAX_BODY_BYTES", 10 * 1024 * 1024)

# Time, text, static files
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = True  # serves the installed files until they are collected
if MAY_MAKE:
    STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.serving.static.StaticStorage"},
}

# REST
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "config.rest.authentication.KeyAuthentication",
        "config.rest.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["config.rest.authentication.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["config.rest.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.rest.negotiation.Negotiation",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["config.rest.throttling.KeyThrottle"],
    "DEFAULT_SCHEMA_CLASS": "config.rest.openapi.Schema",
    "EXCEPTION_HANDLER": "config.rest.problems.problem_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # `format` is a parameter of exports
    "COERCE_DECIMAL_TO_STRING": False,
}
API_DOCS_OPEN: bool = env.switch("API_DOCS_OPEN")  # whether /api/schema/ and /api/docs need neither key nor login
THROTTLE_RATE: str = env.rate("THROTTLE_RATE", "6000/minute")  # a key; 0/minute is no limit
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Handrail",
    "VERSION": "1",
    "DESCRIPTION": "Six tools for teams that build software with LLM coding agents.",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Enums stay where they are used: as components, every app's `status` would need a name of its own here.
    "POSTPROCESSING_HOOKS": ["config.rest.openapi.document_conventions"],
}

# Jobs
BROKER = "database://"
CELERY_BROKER_URL = checked_broker(secret("CELERY_BROKER_URL") or BROKER)
CELERY_TASK_IGNORE_RESULT = True  # a job's state lives on its own rows
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_POOL = "threads"  # a forked child would share its parent's SQLite connection
# Each of them twice: half of the threads are for jobs that take long, so that these cannot starve the others.
CELERY_WORKER_CONCURRENCY: int = 2 * env.whole("WORKER_THREADS", 4, most=1000)
JOB_SECONDS: int = env.whole("JOB_SECONDS", 300, most=86_400)  # a job that takes longer costs its worker
LONG_JOB_SECONDS: int = env.whole("LONG_JOB_SECONDS", 3600, most=864_000)  # for tests of prompts, backups and the like
CELERY_WORKER_TIMER_PRECISION = 0.5  # seconds; the worker's timer thread ends no sooner
CELERY_WORKER_ENABLE_REMOTE_CONTROL = CELERY_BROKER_URL != BROKER  # the table has no fanout; heartbeats are rows
CELERY_BEAT_SCHEDULER = "config.jobs.beat:Scheduler"
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ALWAYS_EAGER = False
# Periodic jobs: every app lists its own in `tasks.SCHEDULE`; an entry here adds to them or replaces one by name.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {}

# Retention of bug reports; bugs themselves stay
OCCURRENCES_PER_BUG: int = env.whole("OCCURRENCES_PER_BUG", 100)
OCCURRENCE_DAYS: int = env.whole("OCCURRENCE_DAYS", 90, most=36500)

# The trail: who signs its checkpoints, where they are kept beside the database, and days kept by event type
HOOK_CONFIRM: str = env.str("HOOK_CONFIRM", "")  # what agents do with a question: docs/agents.md
APPROVAL_MINUTES: int = env.whole("APPROVAL_MINUTES", 60, most=43_200)
APPROVAL_BY_OTHERS: bool = env.switch("APPROVAL_BY_OTHERS")
HOOK_OFFLINE_HOURS: int = env.whole("HOOK_OFFLINE_HOURS", 0, least=0, most=168)  # 0: without us nothing may run
HOOK_TIMEOUT_SECONDS: float = env.float(
    "HOOK_TIMEOUT_SECONDS", 10.0
)  # audit/permissions/fast_hook.py reads it before Django is there
AUDIT_SIGNING_KEY = checked_seed(secret("AUDIT_SIGNING_KEY"))
AUDIT_CHECKPOINT_DIR = Path(env.str("AUDIT_CHECKPOINT_DIR", str(DATA_DIR / "checkpoints")))
AUDIT_STREAM_URL: str = env.receiver("AUDIT_STREAM_URL")  # a SIEM's collector, which gets events as OCSF
AUDIT_STREAM_AUTHORIZATION = secret("AUDIT_STREAM_AUTHORIZATION")  # the whole value of the header
AUDIT_RETENTION_DAYS: dict[str, int] = env.days("AUDIT_RETENTION_DAYS")  # {"decision.made": 90, "*": 3650}

# Backups: where they lie, how many of each kind stay (of one not named, all), and whether they are made by themselves
BACKUP_DIR = Path(env.str("BACKUP_DIR", str(DATA_DIR / "backups"))).resolve()
BACKUP_KEEP: dict[str, int] = env.counts(
    "BACKUP_KEEP", "daily=7,weekly=4,monthly=12,manual=50,pre-migration=3,pre-restore=3"
)
BACKUP_SCHEDULE: str = env.one_of("BACKUP_SCHEDULE", ["daily", "off"])

# Days a session of an agent is kept after its last call, with what it took; 0 is as long as its decisions.
SESSION_DAYS: int = env.whole("SESSION_DAYS", 0, least=0, most=36500)

# Telling people: the mail server, and where else requests of rows that callers made may go
MAIL_URL = secret("MAIL_URL")  # smtp://user:password@host:587, or smtps://
MAIL_FROM: str = env.str("MAIL_FROM", f"handrail@{_public.hostname or 'localhost'}")
OUTBOUND_ALLOW = env.allowances("OUTBOUND_ALLOW")
DELIVERY_DAYS: int = env.whole("DELIVERY_DAYS", 90, most=36500)

# The model and the engine
MODEL_IS_SET = bool(env.str("MODEL_BASE_URL", ""))
MODEL_BASE_URL: str = env.str("MODEL_BASE_URL", "http://127.0.0.1:8089/v1").rstrip("/")
MODEL_API_KEY = secret("MODEL_API_KEY")
MODEL_NAME: str = env.str("MODEL_NAME", "default")
MODEL_API: str = env.one_of("MODEL_API", ["openai", "anthropic"], or_path=True)
MODEL_TIMEOUT_SECONDS: float = env.float("MODEL_TIMEOUT_SECONDS", 60.0)
# Dollars per million tokens, {"model": [in, out]}: what audit's table of prices begins with.
MODEL_PRICES = env.prices("MODEL_PRICES")
PROMPT_RUN_DAYS: int = env.whole(
    "PROMPT_RUN_DAYS", 180, most=36500
)  # tests older than this are deleted, but a version's last
# Whether what programs fetch under protection is tested once a day, to notice a model that changed: it costs answers.
PROMPT_WATCH: str = env.one_of("PROMPT_WATCH", ["off", "daily"])
SESSION_MEMORY_TOKENS: int = env.whole("SESSION_MEMORY_TOKENS", 1_000, least=0, most=10_000)
DOCKER_HOST: str = env.str("DOCKER_HOST", "")
SCHEMACHECK_RETENTION_DAYS: int = env.whole("SCHEMACHECK_RETENTION_DAYS", 90, most=36500)
SCHEMACHECK_GUARD_MIGRATE: str = env.str("SCHEMACHECK_GUARD_MIGRATE", "off")  # or warn, or refuse
DIAGNOSIS_RETENTION_DAYS: int = env.whole("DIAGNOSIS_RETENTION_DAYS", 90, most=36500)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "config.watching.logs.LineFormatter"},
        "json": {"()": "config.watching.logs.JSONFormatter"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": env.one_of("LOG_FORMAT", ["line", "json"])},
    },
    "root": {
        "handlers": ["console"],
        "level": env.one_of("LOG_LEVEL", ["warning", "debug", "info", "error", "critical"]).upper(),
    },
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # anybody could fill the log; the answer says it all
    },
}
