from django.apps import AppConfig


class SchemacheckConfig(AppConfig):
    name = "schemacheck"
    verbose_name = "Schema checks"
