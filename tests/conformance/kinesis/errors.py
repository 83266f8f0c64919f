"""Errors, as a caller sees them."""

from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError


@contextmanager
def refused(*shapes, text=""):
    """The block has to fail with an error of one of the shapes."""
    with pytest.raises(ClientError) as caught:
        yield caught
    assert caught.value.response["Error"]["Code"] in shapes, caught.value
    assert text.lower() in caught.value.response["Error"]["Message"].lower()


VALIDATION = ("ValidationException", "InvalidArgumentException")
"""Which of the two a bad parameter gets is not documented everywhere."""
