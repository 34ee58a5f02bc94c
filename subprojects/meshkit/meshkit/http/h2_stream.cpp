#include "meshkit/http/h2_stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "meshkit/http/h2_callbacks.h"
#include "meshkit/http/h2_head_writer.h"
#include "meshkit/http/h2_session.h"

namespace mesh::http {
namespace {

nghttp2_data_provider2 body_of(H2Stream& stream) noexcept {
  nghttp2_data_provider2 provider{};
  provider.source.ptr = &stream;
  provider.read_callback = &H2Callbacks::on_read;
  return provider;
}

}  // namespace

H2Stream::H2Stream(H2Session& session, std::int32_t id) noexcept
    : session_(&session),
      id_(id),
      began_(session.now_),
      progress_at_(session.now_),
      window_(session.windows_.new_stream(session.now_)),
      queue_(session.context_.loop().pool()),
      trailers_(session.context_.loop().pool()) {}

// ---- receiving ----

void H2Stream::note_request(const Head& head) noexcept {
  is_head_request_ = head.method() == "HEAD";
  is_connect_ = head.method() == "CONNECT";
}

const char* H2Stream::take_head(H2HeadReader& reader, bool last) {
  if (head_received_) return take_trailers(reader.head(), last);
  if (session_->context_.role() == H2Role::client) return take_response(reader, last);
  note_request(reader.head());
  expected_ = reader.content_length();
  if (last && expected_ > 0) return "length_mismatch";
  head_received_ = true;
  end_received_ = last;
  events_->on_head(reader.head(), last);
  return nullptr;
}

const char* H2Stream::take_response(H2HeadReader& reader, bool last) {
  Head& head = reader.head();
  if (head.status < 200) {
    if (last) return "informational_end";
    events_->on_informational(head);
    return nullptr;
  }
  const bool is_tunnel = is_connect_ && head.status < 300;
  if (is_tunnel) head.remove(Token::kContentLength);
  if (is_head_request_ || head.status == 204 || head.status == 304)
    expected_ = 0;
  else
    expected_ = is_tunnel ? -1 : reader.content_length();
  if (last && expected_ > 0) return "length_mismatch";
  head_received_ = true;
  end_received_ = last;
  events_->on_head(head, last);
  return nullptr;
}

const char* H2Stream::take_trailers(Head& trailers, bool last) {
  if (!last) return "trailers_without_end";
  if (!is_whole()) return "length_mismatch";
  end_received_ = true;
  events_->on_trailers(trailers);
  if (events_ != nullptr) events_->on_end();
  return nullptr;
}

const char* H2Stream::take_body(Bytes bytes) {
  if (!head_received_) return "body_before_head";
  received_ += static_cast<std::int64_t>(bytes.size());
  if (expected_ >= 0 && received_ > expected_) return "length_mismatch";
  events_->on_body(bytes);
  return nullptr;
}

const char* H2Stream::take_end() {
  if (!head_received_) return "body_before_head";
  if (!is_whole()) return "length_mismatch";
  end_received_ = true;
  events_->on_end();
  return nullptr;
}

void H2Stream::consumed(std::size_t bytes) {
  if (session_ == nullptr) return;
  session_->give_back(*this, std::min<std::size_t>(bytes, window_.unconsumed));
}

// ---- sending ----

bool H2Stream::may_send() const noexcept {
  return session_ != nullptr && !broken_ && !closed_ && !end_sent_;
}

void H2Stream::send_head(const Head& head, bool last) {
  if (!may_send() || head_sent_) return;
  head_sent_ = true;
  end_sent_ = last;
  if (session_->context_.role() == H2Role::client)
    submit_request(head, last);
  else
    submit_response(head, last);
}

void H2Stream::submit_request(const Head& head, bool last) {
  H2Session& session = *session_;
  note_request(head);
  const bool lend = session.may_pump() && session.wire_count_ <= session.stream_limit();
  H2HeadWriter fields(lend ? H2FieldLifetime::borrowed : H2FieldLifetime::copied);
  fields.request(head);
  const nghttp2_data_provider2 body = body_of(*this);
  id_ = nghttp2_submit_request2(session.nghttp2_, nullptr, fields.data(), fields.size(),
                                last ? nullptr : &body, this);
  if (id_ < 0) {
    id_ = 0;
    return break_off(
        {{Errc::exhausted, "no stream identifier left"}, H2Code::refused_stream, false, true});
  }
  session.send_lent_head(lend ? id_ : 0);
}

void H2Stream::submit_response(const Head& head, bool last) {
  H2Session& session = *session_;
  const bool lend = session.may_pump();
  H2HeadWriter fields(lend ? H2FieldLifetime::borrowed : H2FieldLifetime::copied);
  fields.response(head);
  const nghttp2_data_provider2 body = body_of(*this);
  const int failed = nghttp2_submit_response2(session.nghttp2_, id_, fields.data(), fields.size(),
                                              last ? nullptr : &body);
  session.send_lent_head(lend && failed == 0 ? id_ : 0);
}

void H2Stream::send_informational(const Head& head) {
  if (!may_send() || head_sent_) return;
  H2Session& session = *session_;
  const bool lend = session.may_pump();
  H2HeadWriter fields(lend ? H2FieldLifetime::borrowed : H2FieldLifetime::copied);
  fields.response(head);
  const int failed = nghttp2_submit_headers(session.nghttp2_, NGHTTP2_FLAG_NONE, id_, nullptr,
                                            fields.data(), fields.size(), nullptr);
  session.send_lent_head(lend && failed == 0 ? id_ : 0);
}

void H2Stream::send_body(Bytes bytes) {
  if (!may_send() || !head_sent_ || bytes.empty()) return;
  const bool was_waiting = !queue_.empty();
  if (!was_waiting) progress_at_ = session_->now_;
  if (!was_waiting && bytes.size() >= H2Session::kDirect && session_->may_pump()) {
    send_direct(bytes);
  } else {
    queue_.append(bytes);
    wake();
  }
  session_->flush_soon();
}

void H2Stream::send_direct(Bytes bytes) {
  direct_ = bytes;
  wake();
  session_->pump();
  if (!direct_.empty()) count_window_wait();
  queue_.append(direct_);
  direct_ = {};
}

void H2Stream::send_trailers(const Head& trailers) {
  if (trailers.size() == 0) return send_end();
  if (!may_send() || !head_sent_) return;
  trailers_ = trailers.copy();
  trailers_wait_ = true;
  send_end();
}

void H2Stream::send_end() {
  if (!may_send() || !head_sent_) return;
  end_sent_ = true;
  wake();
  session_->flush_soon();
}

void H2Stream::wake() {
  if (!asleep_) return;
  asleep_ = false;
  (void)nghttp2_session_resume_data(session_->nghttp2_, id_);  // fails only if it is over
}

bool H2Stream::resume_after_yield(nghttp2_session& nghttp2) {
  share_used_ = 0;
  return nghttp2_session_resume_data(&nghttp2, id_) == 0;
}

std::ptrdiff_t H2Stream::offer(std::size_t room, std::uint32_t& flags) {
  const std::size_t size = std::min(room, waiting());
  if (size == 0 && !end_sent_) {
    asleep_ = true;
    share_used_ = 0;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (size != 0 && share_used_ >= kShare) {
    session_->pump_.yield(*this);
    return NGHTTP2_ERR_DEFERRED;
  }
  share_used_ += static_cast<std::uint32_t>(size);
  if (size != 0) flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (end_sent_ && size == waiting()) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (trailers_wait_) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      submit_trailers();
    }
  }
  return static_cast<std::ptrdiff_t>(size);
}

// The fields stay in trailers_ until nghttp2 has compressed them: it does so before it closes the
// stream, or never.
void H2Stream::submit_trailers() {
  trailers_wait_ = false;
  H2HeadWriter fields(H2FieldLifetime::borrowed);
  fields.trailers(trailers_);
  (void)nghttp2_submit_trailer(session_->nghttp2_, id_, fields.data(), fields.size());
}

void H2Stream::write_body(std::size_t bytes) {
  sent_ += static_cast<std::uint32_t>(bytes);
  progress_at_ = session_->now_;
  session_->guard_.on_body_sent(bytes);
  if (events_ != nullptr) session_->news_.push_back(*this);
  while (bytes != 0 && !queue_.empty()) {
    const Bytes front = queue_.front();
    const Bytes piece = front.first(std::min(bytes, front.size()));
    session_->transport_.write(piece);
    bytes -= piece.size();
    queue_.consume(piece.size());
  }
  if (bytes == 0) return;
  session_->transport_.write(direct_.first(bytes));
  direct_ = direct_.subspan(bytes);
}

void H2Stream::count_window_wait() const {
  nghttp2_session* nghttp2 = session_->nghttp2_;
  H2Counters& counters = session_->context_.counters_;
  if (nghttp2_session_get_remote_window_size(nghttp2) <= 0)
    ++counters.connection_window_waits;
  else if (nghttp2_session_get_stream_remote_window_size(nghttp2, id_) <= 0)
    ++counters.stream_window_waits;
}

// ---- the end ----

void H2Stream::reset(H2Code code) {
  if (session_ == nullptr || events_ == nullptr) return;
  H2Session& session = *session_;
  if (broken_ || closed_ || id_ == 0) return session.retire(*this);
  const bool end_left = nghttp2_session_get_stream_local_close(session.nghttp2_, id_) == 1;
  if (end_left && end_received_) return session.retire(*this);
  if (code == H2Code::no_error && end_sent_ && !end_left) {
    finishing_ = true;
    session.give_back(*this, window_.unconsumed);
    session.drop_user(*this);
    return session.flush_soon();
  }
  session.submit_reset(id_, code);
  session.retire(*this);
}

void H2Stream::on_wire_closed(H2Code code) {
  if (finishing_) return session_->retire(*this);
  if (broken_) return;
  if (end_received_ && end_sent_ && !reset_by_peer_ && code == H2Code::no_error) {
    closed_ = true;
    session_->guard_.on_exchange_completed();
    return session_->news_.push_back(*this);
  }
  const bool is_client = session_->context_.role() == H2Role::client;
  const bool by_goaway = session_->goaway_received_ && !reset_by_peer_;
  Reset reset;
  reset.error = reset_by_peer_ ? Error{Errc::reset, "stream reset by the peer"}
                               : Error{Errc::protocol, "stream error"};
  if (by_goaway) reset.error = {Errc::closed, "peer is going away"};
  reset.code = code;
  reset.from_peer = reset_by_peer_ || by_goaway;
  reset.unprocessed = is_client && code == H2Code::refused_stream;
  break_off(reset);
}

void H2Stream::break_off(const Reset& reset) {
  broken_ = true;
  reset_ = reset;
  session_->news_.push_back(*this);
  session_->flush_soon();
}

// Each call may end the stream.
void H2Stream::tell_news() {
  if (sent_ != 0 && events_ != nullptr) {
    const std::size_t sent = sent_;
    sent_ = 0;
    events_->on_sent(sent);
  }
  if (session_ == nullptr || (!broken_ && !closed_)) return;
  MessageEvents* events = events_;
  session_->retire(*this);
  if (events == nullptr) return;
  if (broken_) events->on_reset(reset_);
  events->on_closed();
}

}  // namespace mesh::http
