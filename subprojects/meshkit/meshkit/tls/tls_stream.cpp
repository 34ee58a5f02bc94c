#include "meshkit/tls/tls_stream.h"

#include <algorithm>
#include <utility>

namespace mesh::tls {
namespace {

// In a row; as many as other implementations take.
constexpr std::uint8_t kMaxIdleRecords = 32;
// Written in one turn, so much does not wait for its end.
constexpr std::size_t kWriteAtOnce = 64 * 1024;

static_assert(Loop::kPlainScratchBytes >= Loop::kScratchBytes + kMaxCiphertext);

constexpr auto kApplicationData = static_cast<std::uint8_t>(ContentType::application_data);

}  // namespace

TlsStream::TlsStream(Loop& loop, std::unique_ptr<net::Stream> transport, Side side,
                     const TrafficSecret& reading, const TrafficSecret& writing, ByteQueue received)
    : loop_(loop),
      transport_(std::move(transport)),
      backlog_(std::move(received)),
      splitter_(loop.pool()),
      post_handshake_(/*accepts_tickets=*/side == Side::client),
      opener_(reading),
      writer_(loop.pool(), writing) {
  transport_->start(*this);
  transport_->pause();
}

TlsStream::~TlsStream() {
  if (writer_.size() != 0) transport_->abort();
}

void TlsStream::start(net::StreamEvents& events) {
  events_ = &events;
  resume();
}

void TlsStream::pause() {
  is_paused_ = true;
  // Once the peer has ended, the transport is read only to see its end.
  if (reading_ == Reading::open) transport_->pause();
}

void TlsStream::resume() {
  is_paused_ = false;
  // What waits here comes first, and as an event of its own.
  if (!backlog_.empty() || is_transport_ended_ || reading_ != Reading::open || is_closing_)
    loop_.flush_later(*this);
  else
    transport_->resume();
}

void TlsStream::on_data(MutableBytes bytes) {
  Bytes left = bytes;
  while (!left.empty() && can_read() && backlog_.empty()) {
    const Bytes piece = left.first(std::min(left.size(), Loop::kScratchBytes));
    read_records(piece);
    left = left.subspan(piece.size());
  }
  if (reading_ == Reading::open) backlog_.append(left);
  settle_reading();
}

// The scratch has room for all that `bytes` (at most Loop::kScratchBytes) can hold or complete.
void TlsStream::read_records(Bytes bytes) {
  std::uint8_t* scratch = loop_.plain_scratch().data();
  std::size_t filled = 0;
  while (reading_ == Reading::open) {
    const Bytes record = splitter_.next(bytes);
    if (record.empty()) break;
    read_record(record, scratch + filled, filled);
  }
  hand_on(filled);
  if (splitter_.has_failed()) refuse(Alert::unexpected_message, "peer sent no TLS 1.3 record");
}

void TlsStream::read_record(Bytes record, std::uint8_t* out, std::size_t& filled) {
  const Opener::Opened opened = opener_.open(record, out);
  switch (opened.verdict) {
    case Opener::Verdict::forged:
      return refuse(Alert::bad_record_mac, "record does not authenticate");
    case Opener::Verdict::no_type: return refuse(Alert::unexpected_message, "record of padding");
    case Opener::Verdict::too_long: return refuse(Alert::record_overflow, "record too long");
    case Opener::Verdict::opened: break;
  }
  idle_records_ = opened.size != 0 && opened.type == kApplicationData
                      ? std::uint8_t{0}
                      : static_cast<std::uint8_t>(idle_records_ + 1);
  if (idle_records_ > kMaxIdleRecords)
    return refuse(Alert::unexpected_message, "peer sends records without data");
  if (opened.type != kApplicationData) return on_control(opened.type, {out, opened.size});
  if (post_handshake_.is_inside_message())
    return refuse(Alert::unexpected_message, "data inside a handshake message");
  filled += opened.size;
}

void TlsStream::on_control(std::uint8_t type, Bytes content) {
  if (type == static_cast<std::uint8_t>(ContentType::alert)) return on_alert(content);
  if (type != static_cast<std::uint8_t>(ContentType::handshake) || content.empty())
    return refuse(Alert::unexpected_message, "record of a wrong type");
  on_post_handshake(content);
}

// Whatever the level says, every alert but these two is fatal (RFC 8446 section 6).
void TlsStream::on_alert(Bytes content) {
  if (content.size() != 2) return refuse(Alert::decode_error, "malformed alert");
  const auto alert = static_cast<Alert>(content[1]);
  if (alert == Alert::user_canceled) return;
  if (alert == Alert::close_notify) {
    reading_ = Reading::ended;
    return;
  }
  reading_ = Reading::failed;
  close_with({Errc::tls, describe_peer_alert(content[1])});
}

void TlsStream::on_post_handshake(Bytes content) {
  switch (post_handshake_.read(content)) {
    case PostHandshake::Ask::nothing: return;
    case PostHandshake::Ask::update_keys_and_answer:
      // However often it asks in a turn, it is answered once.
      owes_key_update_ = true;
      loop_.flush_later(*this);
      [[fallthrough]];
    case PostHandshake::Ask::update_keys: return opener_.update();
    case PostHandshake::Ask::refuse_unexpected:
      return refuse(Alert::unexpected_message, "unexpected handshake message");
    case PostHandshake::Ask::refuse_malformed:
      return refuse(Alert::decode_error, "malformed handshake message");
    case PostHandshake::Ask::refuse_illegal:
      return refuse(Alert::illegal_parameter, "illegal key update");
  }
}

void TlsStream::hand_on(std::size_t size) {
  if (size == 0) return;
  bytes_read_ += size;
  events_->on_data(loop_.plain_scratch().first(size));
}

// Brings the reading side up to date after anything that may have ended it. Ends are reported only
// when everything before them has been handed on.
void TlsStream::settle_reading() {
  if (is_closed_ || is_paused_) return;
  if (reading_ == Reading::open && is_transport_ended_ && backlog_.empty()) {
    if (splitter_.is_inside_record() || post_handshake_.is_inside_message())
      return refuse(Alert::decode_error, "peer ended inside a record");
    was_truncated_ = true;
    reading_ = Reading::ended;
  }
  if (reading_ != Reading::ended || is_end_reported_) return;
  is_end_reported_ = true;
  backlog_.clear();
  events_->on_end();
}

void TlsStream::on_end() {
  is_transport_ended_ = true;
  settle_reading();
}

void TlsStream::on_closed(const Error& error) {
  if (!is_closing_) close_with(error);
}

void TlsStream::on_drained() {
  if (events_ == nullptr || is_closing_) return;
  if (owes_key_update_) loop_.flush_later(*this);
  events_->on_drained();
}

void TlsStream::write(Bytes bytes) {
  if (!can_write()) return;
  bytes_written_ += bytes.size();
  writer_.add(bytes);
  // A congested stream's bytes are the transport's, so that it knows when to tell of draining.
  if (writer_.size() >= kWriteAtOnce || congested())
    send_written();
  else
    loop_.flush_later(*this);
}

void TlsStream::end() {
  if (!can_write()) return;
  is_write_ended_ = true;
  writer_.add_alert(Alert::close_notify);
  send_written();
  transport_->end();
}

void TlsStream::abort() {
  is_closing_ = is_closed_ = true;
  reading_ = Reading::failed;
  transport_->abort();
}

void TlsStream::flush() {
  read_backlog();
  if (is_closing_) return report_closed();
  if (owes_key_update_ && can_write() && !congested()) {
    owes_key_update_ = false;
    writer_.add_key_update();
  }
  send_written();
}

void TlsStream::read_backlog() {
  while (can_read() && !backlog_.empty()) {
    const Bytes run = backlog_.front();
    read_records(run);
    backlog_.consume(run.size());
  }
  settle_reading();
  if (!is_paused_ && !is_closing_) transport_->resume();
}

void TlsStream::send_written() {
  if (writer_.size() != 0) transport_->write_queue(writer_.take());
}

// The peer broke the protocol: it is told so, and the stream closes.
void TlsStream::refuse(Alert alert, const char* what) {
  if (reading_ == Reading::failed) return;
  reading_ = Reading::failed;
  if (can_write()) {
    writer_.add_alert(alert);
    send_written();
  }
  close_with({Errc::tls, what});
}

// Reported from flush(), which comes after the transport's: what was sent before has left by then.
void TlsStream::close_with(const Error& error) {
  is_closing_ = true;
  close_error_ = error;
  loop_.flush_later(*this);
}

void TlsStream::report_closed() {
  const bool is_orderly = close_error_.code == Errc::closed;
  if (is_closed_ || events_ == nullptr || (is_orderly && !is_end_reported_)) return;
  is_closed_ = true;
  events_->on_closed(close_error_);
}

}  // namespace mesh::tls
