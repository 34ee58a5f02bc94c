#pragma once
// Stream: a two-way byte stream (TCP, TLS over TCP, memory in tests) as every protocol sees it.
//
// Reading. After `start(events)` bytes are handed on as they arrive, until `pause`; `resume` goes
// on. The receiver takes every byte it is given: who cannot pass bytes on pauses. The span lives
// for the call only, and its bytes may be overwritten by the receiver. Another `start` changes the
// receiver, also from inside on_data; the new one is told of an end that came before it.
//
// Writing. `write` takes every byte. Small writes of one turn of the loop gather and leave together
// at its end; large ones may leave at once. What the kernel does not take is queued; `queued()`
// counts it. Above kHighWater a stream is `congested`; writers then stop their source, and
// `on_drained` tells when it has fallen to kLowWater.
//
// Ends are per direction (half-close): `on_end` is the peer's last byte, `end()` ours. When both
// have happened and all is written, `on_closed` with Errc::closed follows; a failure gives
// `on_closed` with its cause at once, and drops what was queued. `abort()` resets the connection;
// no event follows it. After on_closed no event follows. Writing after `end` or after the stream
// has closed does nothing.
//
// Events come from the loop, never from inside a call into the stream, so callers need not expect
// to be re-entered. While nobody has started the stream its events wait for who does.
//
// A Stream may be destroyed at any time except from inside one of its own events; sessions retire
// themselves to the end of the turn (async/loop.h). All on the loop's thread.

#include <cstddef>

#include "meshkit/base/byte_queue.h"
#include "meshkit/base/bytes.h"
#include "meshkit/base/result.h"

namespace mesh::net {

class StreamEvents {
 public:
  virtual void on_data(MutableBytes bytes) = 0;
  virtual void on_end() = 0;
  virtual void on_closed(const Error& error) = 0;
  virtual void on_drained() = 0;

 protected:
  ~StreamEvents() = default;
};

class Stream {
 public:
  static constexpr std::size_t kHighWater = 256 * 1024;
  static constexpr std::size_t kLowWater = 64 * 1024;

  virtual ~Stream() = default;

  // Starts reading into `events`, which must outlive the stream or be replaced by another `start`.
  virtual void start(StreamEvents& events) = 0;
  virtual void pause() = 0;
  virtual void resume() = 0;

  virtual void write(Bytes bytes) = 0;
  // The same for the chunks of `bytes`, which must come from the loop's pool; without copying where
  // the stream can take them over.
  virtual void write_queue(ByteQueue&& bytes) {
    for (Bytes run = bytes.front(); !run.empty(); run = bytes.front()) {
      write(run);
      bytes.consume(run.size());
    }
  }
  virtual void end() = 0;
  virtual void abort() = 0;

  // Bytes accepted by write() that the kernel has not taken yet.
  virtual std::size_t queued() const = 0;
  bool congested() const { return queued() > kHighWater; }
};

}  // namespace mesh::net
