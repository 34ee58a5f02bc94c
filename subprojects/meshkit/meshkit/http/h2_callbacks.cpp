#include "meshkit/http/h2_callbacks.h"

#include <algorithm>

#include "meshkit/http/h2_head_writer.h"
#include "meshkit/http/h2_session.h"
#include "meshkit/http/h2_words.h"

namespace mesh::http {
namespace {

constexpr int kGiveUp = NGHTTP2_ERR_CALLBACK_FAILURE;

H2Session& session_of(void* user) noexcept { return *static_cast<H2Session*>(user); }

H2Stream* stream_of(nghttp2_session* nghttp2, std::int32_t id) noexcept {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(nghttp2, id));
}

bool ends_stream(const nghttp2_frame_hd& head) noexcept {
  return (head.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

}  // namespace

// A callback that ran user code looks whether that ended the session.
struct H2Callbacks::Receiving {
  static int on_begin_frame(nghttp2_session* nghttp2, const nghttp2_frame_hd* head,
                            void* user) noexcept {
    H2Session& session = session_of(user);
    const bool is_message = head->type == NGHTTP2_HEADERS || head->type == NGHTTP2_DATA;
    if (is_message && session.is_closed_stream(head->stream_id)) {
      session.abuse_code_ = H2Code::stream_closed;
      (void)session.charge("frame_on_closed_stream");
      return kGiveUp;
    }
    if (head->type == NGHTTP2_HEADERS)
      session.last_peer_stream_ = std::max(session.last_peer_stream_, head->stream_id);
    // One for a stream that is gone is not told to on_frame.
    const bool is_vain = head->type == NGHTTP2_WINDOW_UPDATE && head->stream_id != 0 &&
                         stream_of(nghttp2, head->stream_id) == nullptr;
    const char* reason =
        is_vain ? session.guard_.on_window_update(0, session.now_)
                : session.guard_.on_frame(head->type, head->flags, head->length, session.now_);
    return session.charge(reason) ? 0 : kGiveUp;
  }

  static int on_begin_headers(nghttp2_session* nghttp2, const nghttp2_frame* frame,
                              void* user) noexcept {
    H2Session& session = session_of(user);
    H2Stream* stream = stream_of(nghttp2, frame->hd.stream_id);
    const bool is_request = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    const bool is_response = stream != nullptr && !stream->head_received_;
    session.is_reading_ = true;
    session.head_began_ = session.now_;
    session.reading_ignored_ = !is_request && (stream == nullptr || stream->events_ == nullptr);
    session.reader_.begin(is_request    ? H2HeadKind::request
                          : is_response ? H2HeadKind::response
                                        : H2HeadKind::trailers);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* user) noexcept {
    H2Session& session = session_of(user);
    session.reader_.add(as_text({name, name_size}), as_text({value, value_size}),
                        (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0);
    return session.charge(session.reader_.is_bomb() ? "header_bomb" : nullptr) ? 0 : kGiveUp;
  }

  static int on_frame(nghttp2_session* nghttp2, const nghttp2_frame* frame, void* user) noexcept {
    H2Session& session = session_of(user);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: on_head(session, nghttp2, *frame); break;
      case NGHTTP2_DATA:
        if (ends_stream(frame->hd)) on_data_end(session, nghttp2, frame->hd.stream_id);
        break;
      case NGHTTP2_RST_STREAM: return on_reset(session, nghttp2, frame->hd.stream_id);
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0)
          session.room_changed_ = true;
        else
          session.on_settings_acked();
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
          session.on_pong_received(frame->ping.opaque_data);
        break;
      case NGHTTP2_GOAWAY: session.goaway_received_ = true; break;
      case NGHTTP2_WINDOW_UPDATE:
        return on_window_update(
            session, static_cast<std::uint32_t>(frame->window_update.window_size_increment));
      default: break;
    }
    return session.phase_ == H2Session::Phase::over ? kGiveUp : 0;
  }

  static void on_head(H2Session& session, nghttp2_session* nghttp2, const nghttp2_frame& frame) {
    session.is_reading_ = false;
    if (session.reading_ignored_) return;
    const std::int32_t id = frame.hd.stream_id;
    const bool is_valid = session.reader_.finish();
    if (frame.headers.cat == NGHTTP2_HCAT_REQUEST)
      return is_valid ? accept_request(session, nghttp2, frame)
                      : refuse_request(session, nghttp2, id);
    H2Stream* stream = stream_of(nghttp2, id);
    if (stream == nullptr) return;
    const char* fault = session.reader_.fault();
    if (session.reader_.is_too_large()) fault = "head_too_large";
    if (fault == nullptr) fault = stream->take_head(session.reader_, ends_stream(frame.hd));
    if (fault != nullptr) session.fault(id, stream, fault);
  }

  static void accept_request(H2Session& session, nghttp2_session* nghttp2,
                             const nghttp2_frame& frame) {
    const std::int32_t id = frame.hd.stream_id;
    const bool last = ends_stream(frame.hd);
    if (last && session.reader_.content_length() > 0)
      return session.fault(id, nullptr, "length_mismatch");
    H2Stream& stream = session.add_stream(id);
    (void)nghttp2_session_set_stream_user_data(nghttp2, id, &stream);
    stream.events_ = &session.events_.on_request(stream);
    (void)stream.take_head(session.reader_, last);
  }

  // The 431 is complete, so that end_unwanted_request ends the request when it has left.
  static void refuse_request(H2Session& session, nghttp2_session* nghttp2, std::int32_t id) {
    if (!session.reader_.is_too_large()) return session.fault(id, nullptr, session.reader_.fault());
    session.events_.on_refused("head_too_large");
    if (!session.charge(session.guard_.on_provoked_reset(session.now_))) return;
    Head response(session.context_.loop().pool());
    response.status = 431;
    (void)response.add(Token::kContentLength, "0");
    H2HeadWriter fields(H2FieldLifetime::copied);
    fields.response(response);
    (void)nghttp2_submit_response2(nghttp2, id, fields.data(), fields.size(), nullptr);
  }

  static void on_data_end(H2Session& session, nghttp2_session* nghttp2, std::int32_t id) {
    H2Stream* stream = stream_of(nghttp2, id);
    if (stream == nullptr || stream->events_ == nullptr) return;
    if (const char* fault = stream->take_end()) session.fault(id, stream, fault);
  }

  static int on_window_update(H2Session& session, std::uint32_t increment) noexcept {
    return session.charge(session.guard_.on_window_update(increment, session.now_)) ? 0 : kGiveUp;
  }

  static int on_reset(H2Session& session, nghttp2_session* nghttp2, std::int32_t id) noexcept {
    H2Stream* stream = stream_of(nghttp2, id);
    if (stream == nullptr) return 0;
    stream->reset_by_peer_ = true;
    if (session.context_.role() != H2Role::server) return 0;
    const Nanoseconds age = session.now_ - stream->began_;
    return session.charge(session.guard_.on_peer_reset(age, session.now_)) ? 0 : kGiveUp;
  }

  static int on_body(nghttp2_session* nghttp2, std::uint8_t, std::int32_t id,
                     const std::uint8_t* bytes, std::size_t size, void* user) noexcept {
    H2Session& session = session_of(user);
    H2Stream* stream = stream_of(nghttp2, id);
    if (stream == nullptr || stream->events_ == nullptr) {
      (void)nghttp2_session_consume(nghttp2, id, size);
      return 0;
    }
    session.windows_.on_received(*nghttp2, stream->window_, size);
    if (const char* fault = stream->take_body({bytes, size})) session.fault(id, stream, fault);
    return session.phase_ == H2Session::Phase::over ? kGiveUp : 0;
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int library_error,
                              void* user) noexcept {
    H2Session& session = session_of(user);
    session.events_.on_refused(word_for_bad_frame(library_error));
    return session.charge(session.guard_.on_provoked_reset(session.now_)) ? 0 : kGiveUp;
  }
};

struct H2Callbacks::Sending {
  static int on_stream_close(nghttp2_session* nghttp2, std::int32_t id, std::uint32_t code,
                             void* user) noexcept {
    session_of(user).on_stream_closed(stream_of(nghttp2, id), static_cast<H2Code>(code));
    return 0;
  }

  static int on_frame_sent(nghttp2_session* nghttp2, const nghttp2_frame* frame,
                           void* user) noexcept {
    H2Session& session = session_of(user);
    const std::int32_t id = frame->hd.stream_id;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: session.pump_.on_head_gone(id); [[fallthrough]];
      case NGHTTP2_DATA:
        if (ends_stream(frame->hd)) end_unwanted_request(nghttp2, id);
        break;
      case NGHTTP2_RST_STREAM: session.resets_.add(id); break;
      case NGHTTP2_GOAWAY:
        if (frame->goaway.error_code != NGHTTP2_NO_ERROR)
          session.on_own_goaway(word_for_goaway(static_cast<H2Code>(frame->goaway.error_code)));
        break;
      default: break;
    }
    return 0;
  }

  // Our message is complete and nobody hears of the peer's: "no more of it, please".
  static void end_unwanted_request(nghttp2_session* nghttp2, std::int32_t id) noexcept {
    const H2Stream* stream = stream_of(nghttp2, id);
    if (stream != nullptr && !stream->finishing_) return;
    if (nghttp2_session_get_stream_remote_close(nghttp2, id) == 0)
      (void)nghttp2_submit_rst_stream(nghttp2, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
  }

  static int on_frame_not_sent(nghttp2_session* nghttp2, const nghttp2_frame* frame, int error,
                               void* user) noexcept {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    H2Session& session = session_of(user);
    session.pump_.on_head_gone(frame->hd.stream_id);
    // A head too large to send; nghttp2 closes the stream by itself only for requests.
    if (error == NGHTTP2_ERR_FRAME_SIZE_ERROR && frame->headers.cat != NGHTTP2_HCAT_REQUEST)
      (void)nghttp2_submit_rst_stream(nghttp2, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                      NGHTTP2_INTERNAL_ERROR);
    return 0;
  }

  static int on_send_body(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head,
                          std::size_t size, nghttp2_data_source* source, void* user) noexcept {
    constexpr std::size_t kFrameHead = 9;
    H2Session& session = session_of(user);
    session.transport_.write({frame_head, kFrameHead});
    static_cast<H2Stream*>(source->ptr)->write_body(size);
    return session.pump_.must_pause() ? NGHTTP2_ERR_PAUSE : 0;
  }
};

nghttp2_ssize H2Callbacks::on_read(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                                   std::uint32_t* flags, nghttp2_data_source* source,
                                   void*) noexcept {
  return static_cast<H2Stream*>(source->ptr)->offer(room, *flags);
}

void H2Callbacks::fill(nghttp2_session_callbacks& table) {
  nghttp2_session_callbacks* t = &table;
  nghttp2_session_callbacks_set_on_begin_frame_callback(t, &Receiving::on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(t, &Receiving::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(t, &Receiving::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(t, &Receiving::on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(t, &Receiving::on_body);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(t, &Receiving::on_invalid_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(t, &Sending::on_stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(t, &Sending::on_frame_sent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(t, &Sending::on_frame_not_sent);
  nghttp2_session_callbacks_set_send_data_callback(t, &Sending::on_send_body);
}

}  // namespace mesh::http
