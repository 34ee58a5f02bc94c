#pragma once
// Pump: copies two streams into each other until both directions have ended.
//
// Each direction ends on its own (half-close). A side that fails or is reset resets the other.
// A congested side pauses its opposite. Nothing is allocated per byte or per event.
//
// `done` runs once, at the end of a turn and outside of every stream event, so it may destroy the
// streams and the Pump. Destroying the Pump earlier stops copying and never calls; the streams are
// the owner's to abort or destroy (the Pump must not die before they do, or be replaced by
// `start`).

#include <cstdint>
#include <memory>
#include <optional>

#include "meshkit/async/loop.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/base/callback.h"
#include "meshkit/base/result.h"
#include "meshkit/net/splice.h"
#include "meshkit/net/stream.h"
#include "meshkit/net/tcp_stream.h"

namespace mesh::net {

class Pump final : private Flushable {
 public:
  // One side, as it ended: the failure that closed it, or none for an orderly end or one that was
  // reset because the other failed.
  struct Side {
    std::optional<Error> failure;
    std::uint64_t bytes_received = 0;
  };
  struct Outcome {
    Side first;
    Side second;
  };
  using Done = Callback<void(const Outcome&)>;

  // All must outlive the Pump until `done`.
  Pump(Loop& loop, Stream& first, Stream& second);
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  // Starts both streams. A prefix is what was read from that stream before (see net/replay.h).
  void start(Done done);
  void start(ByteQueue from_first, ByteQueue from_second, Done done);

  // Lets large transfers pass inside the kernel (net/splice.h); before `start`, with the streams
  // that the Pump was made with.
  void allow_splice(TcpStream& first, TcpStream& second) noexcept;
  // From when on a direction counts as large.
  static constexpr std::uint64_t kSpliceAfter = 1024 * 1024;

  // So far; for metrics and idle checks.
  std::uint64_t bytes_from_first() const noexcept { return first_.bytes_received; }
  std::uint64_t bytes_from_second() const noexcept { return second_.bytes_received; }

 private:
  struct End final : StreamEvents {
    End(Pump& owner, Stream& own, End& opposite) noexcept
        : pump(owner), stream(own), other(opposite) {}
    void on_data(MutableBytes bytes) override;
    void on_end() override;
    void on_closed(const Error& error) override;
    void on_drained() override;
    void after_receiving(std::size_t bytes);

    Pump& pump;
    Stream& stream;
    End& other;
    bool is_closed = false;
    bool is_paused = false;
    std::uint64_t bytes_received = 0;
    std::optional<Error> failure;
    TcpStream* tcp = nullptr;        // the same stream, if it may be spliced
    std::unique_ptr<Splice> splice;  // from this stream to the other
  };

  void flush() override;

  Loop& loop_;
  End first_;
  End second_;
  Done done_;
};

}  // namespace mesh::net
