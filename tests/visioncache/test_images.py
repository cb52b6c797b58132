import base64
import hashlib

import pytest

from config.errors import PayloadTooLarge
from visioncache.identity import InvalidEntry
from visioncache.images import MAX_IMAGE_BYTES, choose_images, hash_image

RAW = b"\x89PNG\r\n\x1a\n and the rest"
DIGEST = hashlib.sha256(RAW).hexdigest()


def test_an_image_is_known_by_the_hash_of_its_bytes() -> None:
    text = base64.b64encode(RAW).decode()
    assert hash_image(text) == DIGEST
    assert hash_image(f"data:image/png;base64,{text}") == DIGEST


@pytest.mark.parametrize(
    "text", ["", "data:image/png;base64,", "***", "QUJD\nREVG", "QUI", "_-8=", "QUJD ", "\u00e9\u00e9\u00e9\u00e9", 7]
)
def test_sloppy_base64_is_refused(text) -> None:
    with pytest.raises(InvalidEntry) as caught:
        hash_image(text)
    assert caught.value.errors[0].field == "image"


def test_an_image_over_the_limit_is_too_large() -> None:
    fits = base64.b64encode(bytes(MAX_IMAGE_BYTES)).decode()
    assert len(hash_image(fits)) == 64
    with pytest.raises(PayloadTooLarge, match="image_hash"):
        hash_image(base64.b64encode(bytes(MAX_IMAGE_BYTES + 1)).decode())
    with pytest.raises(PayloadTooLarge):
        hash_image("A" * 100_000_000)


def test_images_are_named_in_exactly_one_way() -> None:
    assert choose_images(image_hash=DIGEST.upper()) == [DIGEST]
    assert choose_images(image_hashes=[DIGEST, "0" * 64]) == [DIGEST, "0" * 64]
    for ways in ({}, {"image_hash": DIGEST, "image": "QUJD"}, {"image_hash": DIGEST, "image_hashes": [DIGEST]}):
        with pytest.raises(InvalidEntry, match="exactly one"):
            choose_images(**ways)
