#pragma once
// MemoryStream: two Streams joined without a socket, for tests of what speaks over a Stream.
//
// Keeps every promise of net/stream.h: bytes written to one end arrive at the other at the end of
// the turn, in the order written; ends, resets, congestion and pauses behave as over TCP. The
// capacity plays the kernel's buffer: written bytes beyond it count as queued until the peer reads.

#include <cstddef>
#include <memory>
#include <optional>

#include "meshkit/async/loop.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/net/stream.h"

namespace mesh::test {

class MemoryStream final : public net::Stream, private Flushable {
 public:
  explicit MemoryStream(Loop& loop);
  MemoryStream(const MemoryStream&) = delete;
  MemoryStream& operator=(const MemoryStream&) = delete;
  // As TCP: with queued bytes left the peer sees a reset, else an orderly end.
  ~MemoryStream() override;

  static void join(MemoryStream& one, MemoryStream& other);

  void start(net::StreamEvents& events) override;
  void pause() override;
  void resume() override;
  void write(Bytes bytes) override;
  void end() override;
  void abort() override;
  std::size_t queued() const override;

  // At most so many bytes are handed on per on_data call: 1 makes every boundary show.
  void set_largest_read(std::size_t bytes) { largest_read_ = bytes; }
  // Written bytes beyond this stay queued while the peer does not read.
  void set_capacity(std::size_t bytes) { capacity_ = bytes; }
  // As if the network broke: on_closed(error) on this side only; the peer hears nothing.
  void break_with(const Error& error);

  bool is_paused() const { return is_paused_; }
  std::uint64_t bytes_written() const { return bytes_written_; }
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  void flush() override;
  void deliver();
  void settle();
  void fail_with(const Error& error);
  void report_closed(const Error& error);

  Loop& loop_;
  MemoryStream* peer_ = nullptr;
  net::StreamEvents* events_ = nullptr;
  ByteQueue incoming_;  // written by the peer, not yet read here
  std::size_t largest_read_ = Loop::kScratchBytes;
  std::size_t capacity_ = 64 * 1024;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::optional<Error> failure_;
  bool is_closed_ = false;
  bool is_paused_ = false;
  bool incoming_ended_ = false;  // the peer called end()
  bool peer_ended_ = false;      // and everything before it was read
  bool end_is_due_ = false;
  bool ended_ = false;
  bool was_congested_ = false;
};

// Two joined ends.
struct MemoryStreamPair {
  explicit MemoryStreamPair(Loop& loop) : client(loop), server(loop) {
    MemoryStream::join(client, server);
  }
  MemoryStream client;
  MemoryStream server;
};

}  // namespace mesh::test
