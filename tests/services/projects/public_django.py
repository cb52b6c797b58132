"""Small sites of public Django packages, written for a test."""

from pathlib import Path
from typing import NamedTuple

MANAGE = """
import os, sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
SETTINGS = """
import os
print("settings say hello")
SECRET_KEY = "of a test"
INSTALLED_APPS = {apps!r}
MIDDLEWARE = {middleware!r}
DATABASES = {{"default": {{
    "ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("SITE_DATABASE", "nowhere"),
    "HOST": "127.0.0.1", "USER": "handrail", "PORT": os.environ.get("SITE_PORT", "1"),
}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "/static/"
ROOT_URLCONF = "site_urls"
SITE_ID = 1
WAGTAIL_SITE_NAME = "test"
WAGTAILADMIN_BASE_URL = "http://localhost"
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {{
    "context_processors": ["django.template.context_processors.request"]}}}}]
"""
DJANGO = ["admin", "auth", "contenttypes", "sessions", "messages", "sites"]


class Public(NamedTuple):
    packages: tuple[str, ...]
    apps: list[str]
    middleware: tuple[str, ...] = ()


PUBLIC = {
    "wagtail": Public(
        ("wagtail", "psycopg[binary]"),
        [
            *(f"wagtail.{name}" for name in (
                "contrib.forms", "contrib.redirects", "embeds", "sites", "users", "snippets", "documents", "images",
                "search", "admin",
            )),
            "wagtail", "modelcluster", "taggit",
        ],
    ),
    "allauth": Public(
        ("django-allauth[socialaccount,mfa]", "psycopg[binary]"),
        ["allauth", "allauth.account", "allauth.socialaccount", "allauth.mfa", "allauth.usersessions"],
        ("allauth.account.middleware.AccountMiddleware",),
    ),
}  # fmt: skip


def write_site(folder: Path, public: Public) -> Path:
    """A project of these apps beside Django's own; its manage.py."""
    folder.mkdir(parents=True)
    listed = [*(f"django.contrib.{name}" for name in DJANGO), *public.apps]
    (folder / "site_settings.py").write_text(SETTINGS.format(apps=listed, middleware=list(public.middleware)))
    (folder / "site_urls.py").write_text("urlpatterns = []\n")
    (folder / "manage.py").write_text(MANAGE)
    return folder / "manage.py"
