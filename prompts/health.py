"""Can tokens be counted, and does the model answer?"""

from collections.abc import Iterator

from django.conf import settings

from config.errors import DomainError
from config.watching.health import Check
from prompts import tokens

PROBE_SECONDS = 0.8


def checks() -> Iterator[Check]:
    yield _ranks()
    yield _model()


def _ranks() -> Check:
    try:
        for name in tokens.FILES:
            tokens.verify(name)
    except tokens.RanksDamaged as error:
        return Check("token files", "fail", error.detail, "Install the service again; the files are part of it.")
    return Check("token files", "ok", f"{', '.join(tokens.FILES)} are the ones tiktoken pins")


def _model() -> Check:
    fix = "Start the model, or write its MODEL_BASE_URL to .env and start again; only testing prompts needs it."
    if "." in settings.MODEL_API:
        return Check("model", "ok", f"answered by {settings.MODEL_API}, which is not probed")
    import httpx2  # one HTTP client for whoever asks whether all is well, and not for each process

    from prompts.provider.http import HTTPProvider

    try:
        with HTTPProvider(
            base_url=settings.MODEL_BASE_URL,
            api_key=settings.MODEL_API_KEY,
            api=settings.MODEL_API,
            timeout_seconds=PROBE_SECONDS,
        ) as provider:
            status = provider.probe()
    except DomainError as error:
        return Check("model", "warn", error.detail, fix)
    except httpx2.HTTPError as error:
        detail = f"{provider.address} does not answer ({type(error).__name__})"
        return Check("model", "warn", detail, fix, optional=not settings.MODEL_IS_SET)
    if status in {401, 403}:
        return Check("model", "warn", f"{provider.address} refuses the key ({status})", "Correct MODEL_API_KEY.")
    if status >= 500:
        return Check("model", "warn", f"{provider.address} answers {status}", "Look at the model server's log.")
    # Not every compatible server lists its models; any other answer shows that one is there.
    return Check("model", "ok", f"{provider.address} answers")
