from django.contrib.admin.apps import SimpleAdminConfig


class AdminConfig(SimpleAdminConfig):
    """Django's admin with our site; its tables are loaded by config.urls."""

    default_site = "config.pages.site.Site"
