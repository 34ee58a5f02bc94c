"""An HTTP/2 server for tests whose answers are chosen by the path.

    /sum          the SHA-256 of the body, at its end
    /big          BODY
    /trailers     a body with trailers
    /early        a whole answer, as soon as the head has come
    /late         an answer a second later
    /hold         the head of an answer, and nothing more
    /reset/CODE   a reset of the stream
"""

import hashlib
import os
import threading

import h2.events
from support.h2_peer import H2Peer

BODY = os.urandom(2_000_000)


class H2App:
    """`peers` are the connections it has."""

    def __init__(self):
        self.peers: list[H2Peer] = []

    def serve(self, connection) -> None:
        peer = H2Peer(connection, client=False)
        self.peers.append(peer)
        peer.run(self._on_event)

    def _on_event(self, peer: H2Peer, event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            path = dict(event.headers)[":path"]
            if path.startswith("/reset/"):
                peer.h2.reset_stream(event.stream_id, int(path[7:]))
            elif path == "/trailers":
                peer.h2.send_headers(event.stream_id, [(":status", "200"), ("trailer", "x-sum")])
                peer.h2.send_data(event.stream_id, b"body")
                peer.h2.send_headers(event.stream_id, [("x-sum", "4")], end_stream=True)
            elif path == "/early":
                peer.h2.send_headers(event.stream_id, [(":status", "200")])
                peer.h2.send_data(event.stream_id, b"early", end_stream=True)
            elif path == "/hold":
                peer.h2.send_headers(event.stream_id, [(":status", "200")])
            elif path == "/late":
                threading.Timer(1, peer.do, [lambda h: _answer(h, event.stream_id)]).start()
            elif path == "/big":
                peer.h2.send_headers(event.stream_id, [(":status", "200")])
                threading.Thread(target=peer.send_all, args=(event.stream_id, BODY),
                                 daemon=True).start()
        if isinstance(event, h2.events.StreamEnded) and self._path(peer, event) == "/sum":
            digest = hashlib.sha256(peer.body(event.stream_id)).hexdigest()
            peer.h2.send_headers(event.stream_id, [(":status", "200")])
            peer.h2.send_data(event.stream_id, digest.encode(), end_stream=True)

    def _path(self, peer: H2Peer, event) -> str:
        return dict(peer.streams[event.stream_id][0].headers)[":path"]

    def streams(self, kind) -> list:
        """Every event of `kind` on any connection."""
        return [e for peer in self.peers for events in peer.streams.values() for e in events
                if isinstance(e, kind)]


def _answer(connection, stream: int) -> None:
    connection.send_headers(stream, [(":status", "200")], end_stream=True)
