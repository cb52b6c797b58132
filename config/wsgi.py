"""The WSGI door: the whole site but what needs ASGI."""

import os
from importlib import import_module

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)  # the views and the admin, before the first request needs them
# Load the names of the collected files now, as WhiteNoise just did, and not with the first page.
staticfiles_storage.url("config/handrail.svg")
