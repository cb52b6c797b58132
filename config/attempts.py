"""Slows who guesses: failed logins and wrong keys, counted by the address they come from.

By the address alone: a count by user name would let anybody lock the administrator out from elsewhere. Logins are
counted in the database, so that every web process sees them; a password is not even looked at after ten failures in
five minutes. Keys have 256 random bits, so there is nothing to guess: a live key always works, and wrong ones are
answered with 429 from the 601st a minute on.
"""

import ipaddress
import time
from datetime import timedelta
from functools import lru_cache

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from config.models import FailedLogin

LOGINS, LOGIN_WINDOW = 10, timedelta(minutes=5)
WRONG_KEYS, KEY_WINDOW_SECONDS = 600, 60  # more than a client that tries every operation once
_KEPT = timedelta(hours=1)


def address_of(peer: str, forwarded: str) -> str:
    """Who sends a request: the peer, or what the outermost of our own TRUSTED_PROXIES saw.

    `forwarded` is X-Forwarded-For: what callers write but for the entries our proxies append, so it
    counts from the right.
    """
    seen = [peer]
    if settings.TRUSTED_PROXIES:
        seen = [part.strip() for part in forwarded.split(",")][-settings.TRUSTED_PROXIES :]
    return _network(seen[0]) or _network(peer)


@lru_cache(maxsize=1024)
def _network(text: str) -> str:
    """An IPv4 address, or the /64 an IPv6 host chooses its addresses from; empty for what is neither."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


def login_wait(address: str) -> int:
    """Seconds until a login from this address is looked at again; 0 when it is now."""
    now = timezone.now()
    recent = FailedLogin.objects.filter(address=address, at__gt=now - LOGIN_WINDOW).order_by("-at")
    decisive = recent.values_list("at", flat=True)[LOGINS - 1 : LOGINS].first()
    return 0 if decisive is None else int((decisive + LOGIN_WINDOW - now).total_seconds()) + 1


def login_failed(address: str) -> None:
    now = timezone.now()
    FailedLogin.objects.filter(at__lt=now - _KEPT).delete()
    FailedLogin.objects.create(address=address, at=now)


def wrong_key(address: str) -> int:
    """Count a wrong key. Seconds to wait, once there were too many; else 0."""
    if counted(f"wrong-keys:{address}", KEY_WINDOW_SECONDS) <= WRONG_KEYS:
        return 0
    return int(KEY_WINDOW_SECONDS - time.time() % KEY_WINDOW_SECONDS) + 1


def counted(name: str, seconds: int) -> int:
    """Count one more in the present window of so many seconds; how many that makes, 0 where the cache lost them."""
    slot = f"{name}:{int(time.time() // seconds)}"
    try:
        return cache.incr(slot)  # first, since all but one find the slot there
    except ValueError:
        if cache.add(slot, 1, timeout=2 * seconds):
            return 1
    try:
        return cache.incr(slot)  # another thread was the first
    except ValueError:
        return 0
