import pytest

from tests.protocol.harness import Peer


@pytest.fixture
def peer():
    """A fresh session: server_vad, two voices, nothing said yet."""
    return Peer()


@pytest.fixture
def text_peer():
    """A fresh session that answers in text."""
    peer = Peer()
    peer.give("session.update", session={"type": "realtime", "output_modalities": ["text"]})
    return peer
