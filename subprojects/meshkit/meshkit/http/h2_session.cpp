#include "meshkit/http/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>

#include "meshkit/base/slab.h"
#include "meshkit/http/h2_words.h"

namespace mesh::http {

// nghttp2 writes a client's preface into the shared frame buffer when the session is made, where
// other sessions would write over it: it is taken out here, and start() sends it.
H2Session::H2Session(H2Context& context, net::Stream& transport, H2SessionEvents& events)
    : context_(context),
      transport_(transport),
      events_(events),
      gate_(*this, context.role() == H2Role::server ? NGHTTP2_CLIENT_MAGIC_LEN : 0),
      reader_(context.loop().pool(), context.settings().max_head),
      guard_(context.settings().limits, context.clock().now()),
      linger_(context.loop(),
              [this] {
                transport_.abort();
                finish(error_);
              }),
      windows_(context),
      pump_(context, transport),
      early_(context.loop().pool()),
      now_(context.clock().now()),
      last_heard_(now_) {
  nghttp2_ = context_.new_session(*this);
  const std::uint8_t* preface = nullptr;
  if (context_.role() == H2Role::client) (void)nghttp2_session_mem_send2(nghttp2_, &preface);
}

H2Session::~H2Session() {
  phase_ = Phase::over;
  break_streams({{Errc::canceled, "HTTP/2 connection dropped"}, H2Code::cancel, false, false});
  nghttp2_session_del(nghttp2_);
}

void H2Session::start(MutableBytes already_read) {
  if (phase_ != Phase::fresh) return;
  phase_ = Phase::running;
  now_ = last_heard_ = context_.clock().now();
  keep_alive_.on_settings_sent(now_);
  if (context_.role() == H2Role::client)
    transport_.write(as_bytes({NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN}));
  context_.announce(*nghttp2_);
  windows_.open(*nghttp2_);
  early_.append(already_read);
  transport_.start(*this);
  flush_soon();
}

// ---- streams ----

std::size_t H2Session::stream_limit() const noexcept {
  constexpr auto kSetting = NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS;
  return std::min(nghttp2_session_get_remote_settings(nghttp2_, kSetting),
                  context_.settings().max_streams);
}

bool H2Session::can_open() const noexcept {
  return phase_ <= Phase::running && !draining_ && !goaway_received_ && !ended_ && !failed_ &&
         !terminating_ && wire_count_ < stream_limit() &&
         nghttp2_session_check_request_allowed(nghttp2_) != 0;
}

bool H2Session::peer_allows_extended_connect() const noexcept {
  constexpr auto kSetting = NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL;
  return nghttp2_session_get_remote_settings(nghttp2_, kSetting) == 1;
}

H2Stream* H2Session::open(MessageEvents& events) {
  if (!can_open()) return nullptr;
  now_ = context_.clock().now();
  H2Stream& stream = add_stream(0);
  stream.events_ = &events;
  ++wire_count_;
  return &stream;
}

H2Stream& H2Session::add_stream(std::int32_t id) {
  static_assert(sizeof(H2Stream) <= 496, "one block of 512 bytes");
  H2Stream* stream = Slab<H2Stream>(context_.loop().pool()).create(*this, id);
  open_.push_back(*stream);
  ++open_count_;
  return *stream;
}

void H2Session::fault(std::int32_t stream_id, H2Stream* stream, const char* reason, H2Code code) {
  events_.on_refused(reason);
  (void)charge(guard_.on_provoked_reset(now_));
  submit_reset(stream_id, code);
  const Errc kind = reason == std::string_view("head_too_large") ? Errc::limit : Errc::protocol;
  if (stream != nullptr && stream->session_ != nullptr)
    stream->break_off({{kind, reason}, code, false, false});
}

bool H2Session::charge(const char* reason) noexcept {
  if (reason != nullptr && abuse_ == nullptr) abuse_ = reason;
  return abuse_ == nullptr;
}

void H2Session::submit_reset(std::int32_t stream_id, H2Code code) {
  (void)nghttp2_session_set_stream_user_data(nghttp2_, stream_id, nullptr);
  (void)nghttp2_submit_rst_stream(nghttp2_, NGHTTP2_FLAG_NONE, stream_id,
                                  static_cast<std::uint32_t>(code));
  flush_soon();
}

void H2Session::on_stream_closed(H2Stream* stream, H2Code code) {
  if (context_.role() == H2Role::client) {
    --wire_count_;
    room_changed_ = true;
  }
  if (stream != nullptr) stream->on_wire_closed(code);
  flush_soon();
}

void H2Session::drop_user(H2Stream& stream) {
  if (stream.events_ == nullptr) return;
  stream.events_ = nullptr;
  --open_count_;
}

void H2Session::retire(H2Stream& stream) {
  drop_user(stream);
  if (stream.id_ == 0 && context_.role() == H2Role::client) {
    --wire_count_;  // nghttp2 never knew it
    room_changed_ = true;
  }
  if (stream.id_ != 0) (void)nghttp2_session_set_stream_user_data(nghttp2_, stream.id_, nullptr);
  give_back(stream, stream.window_.unconsumed);
  stream.session_ = nullptr;
  static_cast<ListLink<H2OpenTag>&>(stream).unlink();
  static_cast<ListLink<H2NewsTag>&>(stream).unlink();
  static_cast<ListLink<H2YieldTag>&>(stream).unlink();
  context_.loop().retire(&stream, &context_.loop().pool(), [](void* pool, void* object) {
    Slab<H2Stream>(*static_cast<BlockPool*>(pool)).destroy(static_cast<H2Stream*>(object));
  });
  flush_soon();
}

// ---- receiving ----

void H2Session::on_data(MutableBytes bytes) {
  now_ = last_heard_ = context_.clock().now();
  // What was read before start() comes first, though its turn is only at the end of this one.
  early_.empty() ? receive(bytes) : early_.append(bytes);
  flush_soon();
}

void H2Session::receive_early() {
  ByteQueue early = std::move(early_);
  for (Bytes front = early.front(); !front.empty(); front = early.front()) {
    receive(front);
    early.consume(front.size());
  }
}

void H2Session::receive(Bytes bytes) {
  while (!bytes.empty() && phase_ == Phase::running && !failed_ && !terminating_) {
    const H2FrameGate::Piece piece = gate_.next(bytes);
    if (piece.kind == H2FrameGate::Kind::bad_priority)
      return refuse(H2Code::protocol_error, "bad_priority");
    if (piece.kind == H2FrameGate::Kind::data && is_closed_stream(piece.stream_id))
      return refuse(H2Code::stream_closed, "frame_on_closed_stream");
    if (piece.kind == H2FrameGate::Kind::window_update && overflows(piece))
      on_bad_window_update(piece);
    else if (!piece.bytes.empty() && !feed(piece.bytes))
      return;
  }
  const std::size_t replies = nghttp2_session_get_outbound_queue_size(nghttp2_);
  if (transport_.congested() && replies > context_.settings().limits.waiting_replies + open_count_)
    refuse(H2Code::enhance_your_calm, "unread_replies");
}

bool H2Session::feed(Bytes bytes) {
  receiving_ = true;
  const nghttp2_ssize taken = nghttp2_session_mem_recv2(nghttp2_, bytes.data(), bytes.size());
  receiving_ = false;
  if (phase_ != Phase::running) return false;
  if (abuse_ != nullptr) {
    refuse(abuse_code_, abuse_);
  } else if (taken < 0) {
    const H2Failure failure = failure_for(taken);
    refuse(failure.code, failure.reason);
  }
  return abuse_ == nullptr && taken >= 0;
}

bool H2Session::overflows(const H2FrameGate::Piece& update) const noexcept {
  const std::int32_t window =
      nghttp2_session_get_stream_remote_window_size(nghttp2_, update.stream_id);
  if (window < 0) return false;  // no such stream; nghttp2 judges that
  const auto room = static_cast<std::uint32_t>(NGHTTP2_MAX_WINDOW_SIZE - window);
  return update.increment == 0 || update.increment > room;
}

void H2Session::on_bad_window_update(const H2FrameGate::Piece& update) {
  auto* stream =
      static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(nghttp2_, update.stream_id));
  const bool is_zero = update.increment == 0;
  fault(update.stream_id, stream, is_zero ? "zero_window_update" : "window_overflow",
        is_zero ? H2Code::protocol_error : H2Code::flow_control_error);
  if (abuse_ != nullptr) refuse(abuse_code_, abuse_);
}

// A frame for a stream that the peer knows to be closed, or that it skipped: neither is on its way
// since before a reset of ours.
bool H2Session::is_closed_stream(std::int32_t stream_id) const {
  const auto limit = context_.role() == H2Role::server
                         ? static_cast<std::uint32_t>(last_peer_stream_) + 1
                         : nghttp2_session_get_next_stream_id(nghttp2_);
  const bool was_opened = stream_id % 2 == 1 && static_cast<std::uint32_t>(stream_id) < limit;
  return was_opened && !draining_ && nghttp2_session_find_stream(nghttp2_, stream_id) == nullptr &&
         !resets_.may_contain(stream_id);
}

void H2Session::refuse(H2Code code, const char* reason) {
  if (terminating_) return;
  on_own_goaway(reason);
  (void)nghttp2_session_terminate_session(nghttp2_, static_cast<std::uint32_t>(code));
  flush_soon();
}

void H2Session::on_own_goaway(const char* reason) noexcept {
  if (terminating_) return;
  terminating_ = true;
  refusal_ = reason;
  error_ = {Errc::protocol, reason};
}

void H2Session::on_end() {
  now_ = context_.clock().now();
  receive_early();
  ended_ = true;
  open_.for_each([&](H2Stream& stream) {
    if (!stream.end_received_ && !stream.broken_ && !stream.closed_)
      stream.break_off(broken_by({Errc::closed, "connection ended before the message"}));
  });
  flush_soon();
}

void H2Session::on_closed(const Error& error) {
  if (phase_ == Phase::over) return;
  finish(phase_ == Phase::closing ? error_ : error);
}

// ---- sending ----

bool H2Session::may_pump() const noexcept {
  return phase_ == Phase::running && !receiving_ && !failed_ && pump_.may_run();
}

void H2Session::flush() {
  if (phase_ == Phase::over) return;
  now_ = context_.clock().now();
  receive_early();
  pump();
  settle();
}

// A head whose bytes nghttp2 borrows must be compressed before the lender may change it. That it is
// not cannot be; better no connection than a torn head.
void H2Session::send_lent_head(std::int32_t stream_id) {
  if (stream_id != 0 && !pump_.run_for_head(*nghttp2_, stream_id)) failed_ = true;
  flush_soon();
}

void H2Session::pump() {
  if (may_pump() && !pump_.run(*nghttp2_, terminating_)) failed_ = true;
}

void H2Session::give_back(H2Stream& stream, std::size_t bytes) {
  if (bytes == 0) return;
  if (phase_ == Phase::running)
    windows_.on_consumed(*nghttp2_, stream.window_, stream.id_, bytes, !stream.end_received_);
  flush_soon();
}

std::size_t H2Session::reset_stalled(Nanoseconds limit) {
  const TimePoint now = context_.clock().now();
  if (is_reading_ && now - head_began_ >= limit) refuse(H2Code::enhance_your_calm, "slow_head");
  std::size_t count = 0;
  open_.for_each([&](H2Stream& stream) {
    if (stream.waiting() == 0 || stream.broken_ || now - stream.progress_at_ < limit) return;
    submit_reset(stream.id_, H2Code::cancel);
    stream.break_off(
        {{Errc::timed_out, "peer takes no more of the body"}, H2Code::cancel, false, false});
    ++count;
  });
  return count;
}

// ---- keep-alive ----

bool H2Session::ping(OnPong on_pong) {
  if (phase_ != Phase::running || terminating_) return false;
  flush_soon();
  return keep_alive_.ping(*nghttp2_, std::move(on_pong), context_.clock().now());
}

void H2Session::on_pong_received(const std::uint8_t* payload) {
  const bool may_go_away = keep_alive_.on_answer(payload, now_);
  windows_.round_trip = keep_alive_.round_trip();
  if (!may_go_away) return;
  (void)nghttp2_submit_goaway(nghttp2_, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(nghttp2_), NGHTTP2_NO_ERROR,
                              nullptr, 0);
}

void H2Session::on_settings_acked() noexcept {
  keep_alive_.on_settings_acked(now_);
  windows_.round_trip = keep_alive_.round_trip();
}

// ---- the end ----

void H2Session::drain() {
  if (draining_ || phase_ >= Phase::closing) return;
  draining_ = true;
  flush_soon();
  if (context_.role() == H2Role::client) return;  // see close_if_done()
  (void)nghttp2_submit_shutdown_notice(nghttp2_);
  keep_alive_.ping_for_drain(*nghttp2_);
}

void H2Session::settle() {
  if (refusal_ != nullptr) events_.on_refused(std::exchange(refusal_, nullptr));
  tell_news();
  if (phase_ != Phase::running) return;
  if (goaway_received_ && !std::exchange(goaway_told_, true)) events_.on_goaway();
  if (phase_ == Phase::running && std::exchange(room_changed_, false) && can_open())
    events_.on_room();
  if (phase_ == Phase::running) close_if_done();
}

void H2Session::tell_news() {
  while (phase_ <= Phase::closing && !news_.empty()) news_.pop_front()->tell_news();
}

void H2Session::close_if_done() {
  if (failed_) return close({Errc::protocol, "HTTP/2 session failed"});
  if (draining_ && context_.role() == H2Role::client && wire_count_ == 0 && !terminating_) {
    terminating_ = true;
    (void)nghttp2_session_terminate_session(nghttp2_, NGHTTP2_NO_ERROR);
    pump();
  }
  const bool is_over =
      nghttp2_session_want_read(nghttp2_) == 0 && nghttp2_session_want_write(nghttp2_) == 0;
  if (is_over || (ended_ && open_.empty())) close(error_);
  if (open_count_ == 0 && !is_reading_) reader_.release();
}

void H2Session::close(const Error& error) {
  error_ = error;
  phase_ = Phase::closing;
  linger_.arm(kLinger);
  transport_.end();
  break_streams(broken_by(error));
}

void H2Session::finish(const Error& error) {
  phase_ = Phase::over;
  linger_.disarm();
  break_streams(broken_by(error));
  if (refusal_ != nullptr) events_.on_refused(std::exchange(refusal_, nullptr));
  events_.on_finished(error);
}

void H2Session::abort() {
  if (phase_ == Phase::over) return;
  phase_ = Phase::over;
  linger_.disarm();
  break_streams({{Errc::canceled, "HTTP/2 connection aborted"}, H2Code::cancel, false, false});
  transport_.abort();
}

Reset H2Session::broken_by(const Error& error) const noexcept {
  const bool is_client = context_.role() == H2Role::client;
  return {error, is_client ? H2Code::internal_error : H2Code::cancel, false, false};
}

// Streams that were over already hear so; the others hear `reset`.
void H2Session::break_streams(const Reset& reset) {
  while (H2Stream* stream = open_.front()) {
    if (!stream->broken_ && !stream->closed_) {
      stream->broken_ = true;
      stream->reset_ = reset;
      stream->reset_.unprocessed = context_.role() == H2Role::client && !stream->head_sent_;
    }
    stream->tell_news();
  }
}

}  // namespace mesh::http
