"""Errors, as a caller sees them."""

from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
}
"""Codes of the query protocol that are more than the shape's name after a prefix."""


@contextmanager
def refused(*shapes, text=""):
    """The block has to fail with an error of one of the shapes."""
    with pytest.raises(ClientError) as caught:
        yield caught
    code = caught.value.response["Error"]["Code"]
    allowed = {
        known
        for shape in shapes
        for known in (shape, CODES.get(shape), f"AWS.SimpleQueueService.{shape}")
        if known
    }
    assert code in allowed, caught.value
    assert text.lower() in caught.value.response["Error"]["Message"].lower()
