"""The WSGI door: the whole site but what needs ASGI."""

import os

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
# Read now what was collected, as WhiteNoise just did. Read with the first page, after a collection that runs beside
# the first start, it would name files that WhiteNoise has never seen.
staticfiles_storage.hashed_files  # noqa: B018
