#pragma once
// How HTTP messages move between a connection and whoever uses it, the same for HTTP/1 and HTTP/2.
//
// One request and its response are an exchange. A connection (h1_server, h2_server, h1_client,
// h2_client) owns one MessageStream per exchange; its user owns one MessageEvents per exchange. The
// two call each other:
//
//     received message:  MessageStream ──on_head, on_body*, on_trailers?, on_end──▶ MessageEvents
//     sent message:      MessageEvents' owner ──send_head, send_body*, ...───────▶ MessageStream
//
// Order. In each direction: [informational]* head body* [trailers] end. `end` is told once: by the
// `last` flag of the head, or by on_end/send_end (after body), or by on_end after on_trailers;
// send_trailers ends by itself.
//
// Flow control is by credit. Whoever receives body bytes calls `consumed(n)` when n of them have
// left its hands (written to the kernel, or dropped); a connection stops its peer when too much is
// outstanding. The stream tells its user the same for what it sends by on_sent(n). So bytes in
// flight through an exchange are bounded by one window, whatever the two versions are.
//
// Calls. A stream never calls its user from inside a call of that user (send_*, consumed, reset):
// what such a call brings about is told later in the same turn.
//
// Death. An exchange's stream is over when both directions have ended, or at on_reset, or when the
// user calls reset(). The stream then calls on_closed() exactly once, as its last call (not after
// the user's own `reset`), and is destroyed at the end of the turn; the user drops its pointer
// there. A user that dies earlier must call reset() first. A response that has ended before its
// request lets the user go on sending; if the peer then closes, on_reset tells H2Code::no_error.
//
// Tunnels. CONNECT and requests to upgrade (hop_by_hop.h: is_upgrade) are told with last = false.
// After 2xx or 101 "body" is the raw tunnel in both directions, each ending by itself; after any
// other final response the request's end follows by on_end, without a body.

#include <cstdint>

#include "meshkit/base/bytes.h"
#include "meshkit/base/result.h"
#include "meshkit/http/head.h"

namespace mesh::http {

// RFC 9113 section 7.
enum class H2Code : std::uint32_t {
  no_error = 0x0,
  protocol_error = 0x1,
  internal_error = 0x2,
  flow_control_error = 0x3,
  settings_timeout = 0x4,
  stream_closed = 0x5,
  frame_size_error = 0x6,
  refused_stream = 0x7,
  cancel = 0x8,
  compression_error = 0x9,
  connect_error = 0xa,
  enhance_your_calm = 0xb,
  inadequate_security = 0xc,
  http11_required = 0xd,
};

// Why an exchange broke.
struct Reset {
  Error error;
  H2Code code = H2Code::cancel;  // what an HTTP/2 peer said or is told
  bool from_peer = false;  // the peer sent it (RST_STREAM); else the connection died or we gave up
  // The peer provably did nothing with the request (REFUSED_STREAM, above GOAWAY's last stream, not
  // a byte of it written): sending it elsewhere cannot do it twice.
  bool unprocessed = false;
  // HTTP/1: a connection that had answered before ended without a byte of this answer. Most likely
  // the peer closed it while idle and the request crossed; only idempotent requests may go again.
  bool stale = false;
};

class MessageEvents {
 public:
  virtual void on_informational(Head& head) = 0;  // 1xx except 101; responses only
  virtual void on_head(Head& head, bool last) = 0;
  virtual void on_body(Bytes bytes) = 0;
  virtual void on_trailers(Head& trailers) = 0;
  virtual void on_end() = 0;
  virtual void on_reset(const Reset& reset) = 0;
  virtual void on_sent(std::size_t bytes) = 0;
  virtual void on_closed() = 0;

 protected:
  ~MessageEvents() = default;
};

class MessageStream {
 public:
  // A Head is copied or encoded before these return; the caller keeps it.
  virtual void send_informational(const Head& head) = 0;
  virtual void send_head(const Head& head, bool last) = 0;
  virtual void send_body(Bytes bytes) = 0;
  virtual void send_trailers(const Head& trailers) = 0;
  virtual void send_end() = 0;
  // Breaks the exchange off: RST_STREAM in HTTP/2, closing the connection in HTTP/1.
  virtual void reset(H2Code code) = 0;
  virtual void consumed(std::size_t bytes) = 0;
  // Changes who hears of this exchange (request handed from discovery to forwarding).
  virtual void set_events(MessageEvents& events) = 0;

 protected:
  ~MessageStream() = default;
};

// What a server connection tells its owner.
class ServerEvents {
 public:
  // A request's head is complete. Returns who hears of the exchange: on_head follows at once. Never
  // null.
  virtual MessageEvents& on_request(MessageStream& stream) = 0;
  // The connection is over; no event follows. The owner retires it.
  virtual void on_connection_closed(const Error& error) = 0;
  // A message was refused as malformed before it became a request; the connection answered by
  // itself. `reason` is a static machine word for metrics ("two_lengths", "bare_lf", ...).
  virtual void on_malformed(const char* reason) = 0;

 protected:
  ~ServerEvents() = default;
};

class ServerConnection {
 public:
  virtual ~ServerConnection() = default;
  // Finish what is under way, accept nothing new: GOAWAY, or `Connection: close` on the next
  // response.
  virtual void drain() = 0;
  // Cuts the connection now. Exchanges under way hear on_reset and on_closed before this returns;
  // the owner hears nothing more. Destroying a connection that is not over does the same.
  virtual void abort() = 0;
  virtual std::size_t open_exchanges() const = 0;
};

// What a client connection tells its owner (the pool).
class ClientEvents {
 public:
  // Can take another exchange (again): after connect, after an exchange ended, or more streams
  // allowed.
  virtual void on_available() = 0;
  // No further exchanges may be opened here (GOAWAY, close announced); those under way go on.
  virtual void on_draining() = 0;
  virtual void on_connection_closed(const Error& error) = 0;

 protected:
  ~ClientEvents() = default;
};

class ClientConnection {
 public:
  virtual ~ClientConnection() = default;
  // Opens an exchange; the caller then sends. Null when it cannot take one now.
  virtual MessageStream* open(MessageEvents& events) = 0;
  virtual bool is_available() const = 0;
  virtual std::size_t open_exchanges() const = 0;
  virtual void drain() = 0;  // close when the last exchange ends
  virtual void abort() = 0;
};

}  // namespace mesh::http
