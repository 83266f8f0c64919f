"""What the tests of Pub/Sub share."""


def texts(messages):
    """The data of messages that were pulled."""
    return [message.message.data.decode() for message in messages]
