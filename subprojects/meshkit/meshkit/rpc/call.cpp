#include "meshkit/rpc/call.h"

#include <span>
#include <utility>

namespace mesh::rpc {
namespace {

GrpcCode code_of(const http::Reset& reset) noexcept {
  if (reset.from_peer) return http::grpc_code_from_reset(reset.code);
  switch (reset.error.code) {
    case Errc::protocol: return GrpcCode::internal;
    case Errc::limit: return GrpcCode::resource_exhausted;
    default: return GrpcCode::unavailable;  // the connection is gone, whoever ended it
  }
}

}  // namespace

Call::Call(Channel& channel, const char* path, Bytes message, const CallOptions& options,
           CallEvents& events)
    : channel_(channel),
      events_(events),
      path_(path),
      request_(http::kGrpcFrameHead),
      deframer_(channel.loop().pool(), options.max_message),
      deadline_(channel.loop(), [this] { fail(GrpcCode::deadline_exceeded, "deadline passed"); }) {
  http::store_grpc_frame_head(std::span(request_).first<http::kGrpcFrameHead>(), message.size());
  request_.insert(request_.end(), message.begin(), message.end());
  if (options.deadline.count() > 0) {
    expires_ = channel.loop().now() + options.deadline;
    deadline_.arm(options.deadline);
  }
  channel_.submit(*this);
}

Call::~Call() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  if (stream_ != nullptr) stream_->reset(http::H2Code::cancel);
  leave_stream();
}

http::Head Call::request_head() const {
  Loop& loop = channel_.loop();
  http::Head head(loop.pool());
  head.version = http::Version::http2;
  (void)head.set_method("POST");
  (void)head.set_scheme("http");
  (void)head.set_authority(channel_.authority());
  (void)head.set_path(path_);
  (void)head.add(http::Token::kContentType, "application/grpc");
  (void)head.add(http::Token::kTe, "trailers");
  (void)head.add(http::Token::kUserAgent, "mesh");
  if (expires_ != TimePoint{}) {
    char room[16];
    (void)head.add(http::Token::kGrpcTimeout,
                   http::format_grpc_timeout(expires_ - loop.now(), room));
  }
  return head;
}

bool Call::begin(http::ClientConnection& connection, Load& load) {
  stream_ = connection.open(*this);
  if (stream_ == nullptr) return false;
  load_ = &load;
  load_->on_begin();
  began_ = channel_.loop().now();
  stream_->send_head(request_head(), false);
  stream_->send_body(request_);
  stream_->send_end();
  return true;
}

// ---- the answer ----

void Call::on_head(http::Head& head, bool last) {
  const TimePoint now = channel_.loop().now();
  load_->on_answer(now - began_, now);
  request_ = {};
  const auto type = head.find(http::Token::kContentType);
  is_grpc_ = head.status == 200 && type && http::is_grpc_content_type(*type);
  if (last || !is_grpc_) status_ = http::grpc_status_of(head);
  if (!is_grpc_ && !status_) {
    const GrpcCode code =
        head.status == 200 ? GrpcCode::unknown : http::grpc_code_from_http(head.status);
    set_status(code, "not a gRPC answer, HTTP status " + std::to_string(head.status));
  }
  if (last && !status_) set_status(GrpcCode::unknown, "answer without grpc-status");
}

void Call::on_body(Bytes bytes) {
  const std::size_t size = bytes.size();
  if (is_grpc_ && !deliver(bytes)) return;
  if (stream_ != nullptr) stream_->consumed(size);
}

bool Call::deliver(Bytes bytes) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  while (!destroyed && !is_done_) {
    const Result<std::optional<Bytes>> next = deframer_.next(bytes);
    if (!next) {
      fail(next.error().code == Errc::limit ? GrpcCode::resource_exhausted : GrpcCode::internal,
           next.error().what);
      continue;
    }
    const std::optional<Bytes> message = *next;
    if (!message) break;
    events_.on_message(*message);
  }
  if (!destroyed) destroyed_ = nullptr;
  return !destroyed;
}

void Call::on_trailers(http::Head& trailers) {
  if (auto status = http::grpc_status_of(trailers)) status_ = std::move(status);
}

void Call::on_end() {
  if (!status_) return set_status(GrpcCode::unknown, "answer without grpc-status");
  if (status_->is_ok() && deframer_.is_inside_message())
    set_status(GrpcCode::internal, "answer ends inside a message");
}

void Call::on_reset(const http::Reset& reset) {
  if (status_) return;  // the answer was complete; the server wanted no more of the request
  if (reset.unprocessed && !submitted_again_) {
    submits_again_ = true;
    return;
  }
  set_status(code_of(reset), reset.error.what);
}

void Call::on_closed() {
  leave_stream();
  if (!std::exchange(submits_again_, false)) return finish();
  submitted_again_ = true;
  channel_.submit(*this);
}

// ---- the end ----

void Call::set_status(GrpcCode code, std::string message) {
  status_ = Status{code, std::move(message)};
}

void Call::fail(GrpcCode code, const char* why) {
  if (is_done_) return;
  set_status(code, why);
  if (stream_ != nullptr) stream_->reset(http::H2Code::cancel);
  leave_stream();
  finish();
}

void Call::leave_stream() {
  stream_ = nullptr;
  if (load_ != nullptr) std::exchange(load_, nullptr)->on_end();
}

// on_done may destroy this.
void Call::finish() {
  is_done_ = true;
  deadline_.disarm();
  ListLink<CallTag>::unlink();
  const Status status = status_ ? *std::move(status_) : Status{GrpcCode::unknown, "no answer"};
  events_.on_done(status);
}

}  // namespace mesh::rpc
