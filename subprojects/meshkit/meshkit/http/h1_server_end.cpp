#include "meshkit/http/h1_server.h"

#include <utility>

// How an H1Server's connection ends: drained, closed, broken off, or too slow.

namespace mesh::http {

void H1Server::drain() {
  must_close_ = true;
  if (reading_ == Reading::request && parser_.is_idle() && kept_.empty()) close_gracefully();
}

void H1Server::abort() {
  if (closed_) return;
  closed_ = true;
  reading_ = Reading::discard;
  deadline_.disarm();
  link_.stream().abort();
  break_exchange({.error = {Errc::canceled, "connection aborted"}});
}

void H1Server::on_closed(const Error& error) {
  if (closed_ || cut_) return;
  closed_ = true;
  reading_ = Reading::discard;
  deadline_.disarm();
  break_exchange({.error = error});
  events_->on_connection_closed(error);
}

void H1Server::break_exchange(const Reset& reset) {
  MessageEvents* const exchange = std::exchange(exchange_, nullptr);
  if (exchange == nullptr) return;
  if (!is_over()) exchange->on_reset(reset);
  exchange->on_closed();
}

// Says why on a connection that can say nothing else any more.
void H1Server::answer_fault(std::uint16_t status) {
  if (answer_ == Answer::body) return cut({Errc::protocol, "answer broken off"});
  if (answer_ == Answer::none) {
    Head head(loop_->pool());
    head.status = status;
    const H1Plan plan{.add_zero_length = true, .close = true};
    write_response_head(link_.stream(), loop_->pool(), head, plan);
    answer_ = Answer::done;
  }
  close_gracefully();
}

// Ends our side and waits for the client to end its own: closing at once, with bytes of the client
// unread, would reset the connection and might take our last answer with it.
void H1Server::close_gracefully() {
  reading_ = Reading::discard;
  link_.renew();
  end_stream();
  steer();
  watch();
  if (!kept_.empty()) flush_later();
}

void H1Server::end_stream() {
  if (!std::exchange(ended_, true)) link_.stream().end();
}

void H1Server::cut(const Error& error) {
  if (cut_ || closed_) return;
  cut_ = true;
  cut_error_ = error;
  reading_ = Reading::discard;
  deadline_.disarm();
  link_.stream().abort();
  flush_later();
}

void H1Server::steer() {
  if (closed_ || cut_) return;
  link_.steer(reading_ != Reading::discard && kept_.size() > limits_->pipelined_bytes);
}

// Arms the deadline for what the client may be slow at now.
void H1Server::watch() {
  if (closed_ || cut_) return;
  Slow slow = Slow::nothing;
  if (reading_ == Reading::discard)
    slow = Slow::linger;
  else if (reading_ == Reading::body)
    slow = Slow::body;
  else if (reading_ == Reading::request)
    slow = parser_.is_in_head() ? Slow::head : Slow::idle;
  if (slow == slow_) return;
  slow_ = slow;
  arm();
}

void H1Server::arm() {
  moved_ = false;
  const Milliseconds limit = slow_ == Slow::linger ? limits_->linger
                             : slow_ == Slow::body ? limits_->body
                             : slow_ == Slow::head ? limits_->head
                             : slow_ == Slow::idle ? limits_->idle
                                                   : Milliseconds(0);
  if (limit.count() == 0)
    deadline_.disarm();
  else
    deadline_.arm(limit);
}

// The client does not end its side. While it still takes our last bytes that is its right; after
// that the owner's destroying the stream closes the socket without cutting off what the kernel
// holds.
void H1Server::stop_lingering() {
  const std::size_t queued = link_.stream().queued();
  if (queued != 0) {
    stalls_ = queued == lingering_bytes_ ? static_cast<std::uint8_t>(stalls_ + 1) : std::uint8_t{0};
    lingering_bytes_ = queued;
    return stalls_ < kMostStalls ? arm() : cut({Errc::timed_out, "client takes no bytes"});
  }
  closed_ = true;
  events_->on_connection_closed({Errc::timed_out, "client keeps its side open"});
}

void H1Server::on_slow() {
  switch (slow_) {
    case Slow::nothing: return;
    case Slow::idle: return close_gracefully();
    case Slow::linger: return stop_lingering();
    case Slow::head: events_->on_malformed("slow_head"); return answer_fault(408);
    case Slow::body:
      if (moved_) return arm();
      break_exchange({.error = {Errc::timed_out, "request body"}});
      return answer_fault(408);
  }
}

}  // namespace mesh::http
