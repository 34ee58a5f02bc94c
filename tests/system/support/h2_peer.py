"""One end of an HTTP/2 connection for tests, frame by frame, on the `h2` library."""

import contextlib
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions


GOAWAY = 7
PREFACE_SIZE = 24


class H2Peer:
    """One end of an HTTP/2 connection: frames out, events in, by stream. Any thread may ask.

    `goodbyes` are the GOAWAY frames that came, as bytes: the library takes the first for the end of
    everything, while streams that were open may still be answered, so it is not shown them.
    """

    def __init__(self, connection, client: bool):
        self._socket = connection
        self._lock = threading.Condition()
        config = h2.config.H2Configuration(client_side=client, header_encoding="utf-8",
                                           validate_inbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.streams: dict[int, list] = {}
        self.goodbyes: list[bytes] = []
        self._incoming = b""
        self._unframed = 0 if client else PREFACE_SIZE
        self.ended = False
        self.credit = True  # whether streams get theirs back; the connection always does
        self._flush()

    def run(self, on_event=None) -> None:
        """Reads until the end of the connection."""
        with contextlib.suppress(OSError):
            while data := self._socket.recv(65536):
                with self._lock:
                    for event in self.h2.receive_data(self._without_goodbyes(data)):
                        self._note(event)
                        if on_event:
                            on_event(self, event)
                    self._flush()
                    self._lock.notify_all()
        with self._lock:
            self.ended = True
            self._lock.notify_all()

    def _without_goodbyes(self, data: bytes) -> bytes:
        """Whole frames, less those of type GOAWAY."""
        self._incoming += data
        passed, self._incoming = self._incoming[:self._unframed], self._incoming[self._unframed:]
        self._unframed -= len(passed)
        while self._unframed == 0 and len(self._incoming) >= 9:
            size = 9 + int.from_bytes(self._incoming[:3], "big")
            if len(self._incoming) < size:
                break
            frame, self._incoming = self._incoming[:size], self._incoming[size:]
            if frame[3] == GOAWAY:
                self.goodbyes.append(frame)
            else:
                passed += frame
        return passed

    def _note(self, event) -> None:
        stream = getattr(event, "stream_id", None)
        if stream:
            self.streams.setdefault(stream, []).append(event)
        if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
            self.h2.increment_flow_control_window(event.flow_controlled_length)
            with contextlib.suppress(h2.exceptions.StreamClosedError):
                if self.credit:
                    self.h2.increment_flow_control_window(event.flow_controlled_length, stream)

    def do(self, action) -> None:
        """Runs action(h2) and sends what comes of it."""
        with self._lock:
            action(self.h2)
            self._flush()

    def request(self, path: str, method="POST", end=False, headers=()) -> int:
        with self._lock:
            stream = self.h2.get_next_available_stream_id()
            self.h2.send_headers(stream, [
                (":method", method), (":scheme", "http"), (":authority", "app"), (":path", path),
                *headers], end_stream=end)
            self._flush()
            return stream

    def send_all(self, stream: int, data: bytes, end: bool = True) -> None:
        """Sends as the windows allow."""
        while data:
            with self._lock:
                size = min(self.h2.local_flow_control_window(stream), len(data),
                           self.h2.max_outbound_frame_size)
                if size == 0:
                    if not self._lock.wait(20):
                        raise TimeoutError("the window stayed shut")
                    continue
                self.h2.send_data(stream, data[:size], end_stream=end and size == len(data))
                self._flush()
                data = data[size:]

    def wait(self, stream: int, kind, seconds: float = 20):
        """The first event of `kind` on a stream."""
        def found():
            return next((e for e in self.streams.get(stream, []) if isinstance(e, kind)), None)
        with self._lock:
            if not self._lock.wait_for(lambda: found() or self.ended, seconds):
                seen = [type(e).__name__ for e in self.streams.get(stream, [])][:20]
                raise TimeoutError(f"no {kind.__name__}; seen {seen}")
            return found()

    def body(self, stream: int) -> bytes:
        return b"".join(e.data for e in self.streams.get(stream, [])
                        if isinstance(e, h2.events.DataReceived))

    def _flush(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(self.h2.data_to_send())
