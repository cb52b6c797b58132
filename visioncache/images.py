"""The pictures of a request, as digests of the bytes the model is given."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

from config.errors import PayloadTooLarge
from visioncache.identity import read_hashes, wrong

MAX_IMAGE_BYTES = 7 * 1024 * 1024
"""As base64 it still fits the default MAX_BODY_BYTES of 10 MiB; larger pictures are hashed by the caller."""

MAX_IMAGE_TEXT = 4 * -(-MAX_IMAGE_BYTES // 3) + 128
_GROUP = "[A-Za-z0-9+/]{4}"
_LAST = "[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}=="
IMAGE_PATTERN = rf"^(data:image/[A-Za-z0-9.+-]+;base64,)?({_GROUP})*({_GROUP}|{_LAST})\Z"
"""What `hash_image` reads, as the schema of the API says it."""

_DATA_URL = re.compile(r"data:image/[A-Za-z0-9.+-]+;base64,")


def choose_images(
    *, image_hash: str | None = None, image: str | None = None, image_hashes: Sequence[str] | None = None
) -> list[str]:
    """The digests of a request that names its images in exactly one of three ways. Raises InvalidEntry."""
    named = [way for way in (image_hash, image, image_hashes) if way is not None]
    if len(named) != 1:
        raise wrong("image_hash", "one-of", "Give exactly one of image_hash, image (base64) or image_hashes.")
    if image is not None:
        return [hash_image(image)]
    return read_hashes([image_hash] if image_hash is not None else image_hashes or [])


def hash_image(image: str) -> str:
    """SHA-256 of an image sent as base64 or as a data URL. Raises InvalidEntry or PayloadTooLarge."""
    if not isinstance(image, str):
        raise wrong("image", "type", "Must be a string of base64.")
    if len(image) > MAX_IMAGE_TEXT:
        raise _too_large()
    if prefix := _DATA_URL.match(image):
        image = image[prefix.end() :]
    try:
        raw = base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError) as error:
        raise wrong(
            "image", "base64", "Must be base64 in the standard alphabet, padded, without line breaks."
        ) from error
    if not raw:
        raise wrong("image", "empty", "Has no bytes.")
    if len(raw) > MAX_IMAGE_BYTES:
        raise _too_large()
    return hashlib.sha256(raw).hexdigest()


def _too_large() -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The image is larger than {MAX_IMAGE_BYTES} bytes. Hash its bytes with SHA-256 and send image_hash instead."
    )
