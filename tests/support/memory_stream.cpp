#include "tests/support/memory_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mesh::test {

MemoryStream::MemoryStream(Loop& loop) : loop_(loop), incoming_(loop.pool()) {}

MemoryStream::~MemoryStream() {
  if (peer_ == nullptr) return;
  // What TCP does on close: an end, or a reset when either way something is lost.
  if (queued() != 0 || !incoming_.empty()) {
    peer_->fail_with(Error{Errc::reset, "memory stream"});
  } else if (!is_closed_) {
    peer_->incoming_ended_ = true;
    loop_.flush_later(*peer_);
  }
  peer_->peer_ = nullptr;
}

void MemoryStream::join(MemoryStream& one, MemoryStream& other) {
  one.peer_ = &other;
  other.peer_ = &one;
}

void MemoryStream::start(net::StreamEvents& events) {
  events_ = &events;
  end_is_due_ = peer_ended_;
  loop_.flush_later(*this);
}

void MemoryStream::pause() { is_paused_ = true; }

void MemoryStream::resume() {
  is_paused_ = false;
  loop_.flush_later(*this);
}

std::size_t MemoryStream::queued() const {
  if (peer_ == nullptr || is_closed_) return 0;
  return peer_->incoming_.size() - std::min(peer_->incoming_.size(), capacity_);
}

void MemoryStream::write(Bytes bytes) {
  if (is_closed_ || ended_ || failure_ || bytes.empty()) return;
  if (peer_ == nullptr || peer_->is_closed_) return fail_with(Error{Errc::reset, "memory stream"});
  peer_->incoming_.append(bytes);
  bytes_written_ += bytes.size();
  was_congested_ = was_congested_ || congested();
  loop_.flush_later(*peer_);
  loop_.flush_later(*this);
}

void MemoryStream::end() {
  if (is_closed_ || ended_) return;
  ended_ = true;
  loop_.flush_later(*this);
  if (peer_ == nullptr) return;
  peer_->incoming_ended_ = true;
  loop_.flush_later(*peer_);
}

void MemoryStream::abort() {
  is_closed_ = true;
  incoming_.clear();
  unlink();
  if (peer_ == nullptr) return;
  peer_->incoming_.clear();
  peer_->fail_with(Error{Errc::reset, "memory stream"});
}

void MemoryStream::break_with(const Error& error) { fail_with(error); }

void MemoryStream::fail_with(const Error& error) {
  if (is_closed_ || failure_) return;
  failure_ = error;
  loop_.flush_later(*this);
}

void MemoryStream::flush() {
  if (is_closed_) return;
  deliver();
  if (!is_closed_) settle();
}

// Through the scratch buffer, as TCP does: a receiver that keeps the span will notice.
void MemoryStream::deliver() {
  while (events_ != nullptr && !is_paused_ && !is_closed_ && !incoming_.empty()) {
    const Bytes front = incoming_.front();
    const std::size_t size = std::min({front.size(), largest_read_, Loop::kScratchBytes});
    const MutableBytes bytes = loop_.read_scratch().first(size);
    std::memcpy(bytes.data(), front.data(), size);
    incoming_.consume(size);
    bytes_read_ += size;
    if (peer_ != nullptr) loop_.flush_later(*peer_);
    events_->on_data(bytes);
  }
}

void MemoryStream::settle() {
  if (events_ == nullptr) return;
  if (incoming_ended_ && incoming_.empty() && !peer_ended_ && !is_paused_ && !failure_)
    peer_ended_ = end_is_due_ = true;
  if (std::exchange(end_is_due_, false)) events_->on_end();
  if (is_closed_) return;
  if (failure_) return report_closed(*failure_);
  if (was_congested_ && queued() <= kLowWater) {
    was_congested_ = false;
    events_->on_drained();
  }
  if (!is_closed_ && ended_ && peer_ended_ && queued() == 0)
    report_closed(Error{Errc::closed, "end of stream"});
}

void MemoryStream::report_closed(const Error& error) {
  is_closed_ = true;
  incoming_.clear();
  unlink();
  events_->on_closed(error);
}

}  // namespace mesh::test
