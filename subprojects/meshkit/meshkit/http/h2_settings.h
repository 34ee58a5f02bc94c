#pragma once
// What an HTTP/2 connection promises its peer, and how much it puts up with. Bytes unless named.

#include <cstdint>

namespace mesh::http {

// Bounds on what a peer may cost without getting anything done (h2_limits.h). Each is a token
// bucket: `burst` at once, `per_second` sustained; useful work earns tokens back.
struct H2Limits {
  // Exchanges cut off before their response: the peer's RST_STREAM (rapid reset) and those that
  // its mistakes make us send (MadeYouReset). A completed exchange earns one back.
  std::uint32_t reset_burst = 1000;
  std::uint32_t resets_per_second = 100;
  // Frames that carry nothing: PING, SETTINGS, PRIORITY, small WINDOW_UPDATE, empty DATA,
  // RST_STREAM. Heads and body bytes in either direction earn tokens back.
  std::uint32_t idle_frame_burst = 1000;
  std::uint32_t idle_frames_per_second = 500;
  // CONTINUATION frames of one head.
  std::uint32_t continuations = 16;
  // Replies (acknowledgements, resets) waiting because the peer does not read. More than the burst
  // above, so that a flood is known by its name.
  std::uint32_t waiting_replies = 2000;
};

struct H2Settings {
  // Exchanges that the peer may have open at once (servers), or that we open at most (clients).
  std::uint32_t max_streams = 4096;
  // Clients, until the peer's SETTINGS say otherwise.
  std::uint32_t presumed_streams = 100;
  // Bytes received but not yet consumed: of one stream, and of all together. A connection starts
  // with the smaller figures; a window that holds a quick consumer up grows, up to the larger.
  // The connection's is kept far above a stream's, so that one slow stream does not stop others.
  std::uint32_t stream_window = 256 * 1024;
  std::uint32_t max_stream_window = 4 * 1024 * 1024;
  std::uint32_t connection_window = 1024 * 1024;
  std::uint32_t max_connection_window = 16 * 1024 * 1024;
  // The largest frame that the peer may send.
  std::uint32_t max_frame = 16 * 1024;
  // A head, or trailers, counted as RFC 9113 section 6.5.2 does. A larger request gets 431.
  std::uint32_t max_head = 64 * 1024;
  // HPACK's memory, each way.
  std::uint32_t header_table = 4096;
  // RFC 8441: servers accept CONNECT with :protocol.
  bool extended_connect = false;
  H2Limits limits;
};

}  // namespace mesh::http
