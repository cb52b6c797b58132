"""The ASGI door, where servers look for it; see config/serving/asgi.py."""

from config.serving.asgi import application

__all__ = ["application"]
