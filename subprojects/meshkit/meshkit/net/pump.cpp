#include "meshkit/net/pump.h"

#include <utility>

#include "meshkit/net/replay.h"

namespace mesh::net {

Pump::Pump(Loop& loop, Stream& first, Stream& second)
    : loop_(loop), first_(*this, first, second_), second_(*this, second, first_) {}

void Pump::start(Done done) {
  start(ByteQueue(loop_.pool()), ByteQueue(loop_.pool()), std::move(done));
}

void Pump::start(ByteQueue from_first, ByteQueue from_second, Done done) {
  done_ = std::move(done);
  start_with_prefix(first_.stream, first_, std::move(from_first), loop_.pool());
  start_with_prefix(second_.stream, second_, std::move(from_second), loop_.pool());
}

void Pump::allow_splice(TcpStream& first, TcpStream& second) noexcept {
  first_.tcp = &first;
  second_.tcp = &second;
}

void Pump::End::on_data(MutableBytes bytes) {
  other.stream.write(bytes);
  after_receiving(bytes.size());
  const bool is_large = bytes_received >= kSpliceAfter && bytes.size() == Loop::kScratchBytes;
  if (tcp != nullptr && is_large && !splice)
    splice = std::make_unique<Splice>(*tcp, *other.tcp,
                                      [this](std::size_t moved) { after_receiving(moved); });
}

void Pump::End::after_receiving(std::size_t bytes) {
  bytes_received += bytes;
  if (!other.stream.congested() || is_paused) return;
  is_paused = true;
  stream.pause();
}

void Pump::End::on_drained() {
  if (!std::exchange(other.is_paused, false)) return;
  other.stream.resume();
}

void Pump::End::on_end() { other.stream.end(); }

void Pump::End::on_closed(const Error& error) {
  is_closed = true;
  if (error.code != Errc::closed) {
    failure = error;
    if (!std::exchange(other.is_closed, true)) other.stream.abort();
  }
  if (other.is_closed) pump.loop_.flush_later(pump);
}

void Pump::flush() {
  first_.splice.reset();  // while the streams that they refer to are sure to live
  second_.splice.reset();
  const Outcome outcome{{first_.failure, first_.bytes_received},
                        {second_.failure, second_.bytes_received}};
  Done done = std::move(done_);
  done(outcome);
}

}  // namespace mesh::net
