#include "meshkit/net/tcp_stream.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mesh::net {
namespace {

static_assert(sizeof(uv_buf_t) == sizeof(iovec), "on Unix libuv's buffers are iovecs");

const uv_buf_t* as_buffers(const iovec* pieces) noexcept {
  return reinterpret_cast<const uv_buf_t*>(pieces);
}

}  // namespace

TcpStream::TcpStream(Loop& loop, TcpSocket socket)
    : loop_(loop), socket_(std::move(socket)), queue_(loop.pool()) {
  if (socket_) socket_.block_->handle.data = this;
  is_closed_ = !socket_;
}

TcpStream::~TcpStream() {
  if (queue_.empty()) {
    socket_.close();
  } else {
    socket_.close_with_reset();
  }
}

uv_stream_t* TcpStream::raw() const noexcept {
  return reinterpret_cast<uv_stream_t*>(&socket_.block_->handle);
}

// ---- Reading

void TcpStream::start(StreamEvents& events) {
  events_ = &events;
  is_paused_ = false;
  end_is_due_ = peer_ended_;
  if (end_is_due_ || failed_) loop_.flush_later(*this);
  read_if_wanted();
}

// Reading stops only at the end of the turn: a pause that is over by then costs no system call.
void TcpStream::pause() {
  is_paused_ = true;
  if (is_reading_) loop_.flush_later(*this);
}

void TcpStream::resume() {
  is_paused_ = false;
  read_if_wanted();
}

void TcpStream::read_if_wanted() {
  if (is_reading_ || is_paused_ || is_closed_ || failed_ || peer_ended_ || events_ == nullptr)
    return;
  is_reading_ = true;
  // Fails only on a closing handle, which is_closed_ excludes.
  (void)uv_read_start(raw(), &TcpStream::on_room, &TcpStream::on_read);
}

void TcpStream::stop_reading() noexcept {
  if (!is_reading_) return;
  is_reading_ = false;
  uv_read_stop(raw());
}

// No room makes libuv report ENOBUFS instead of reading.
void TcpStream::on_room(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
  auto* self = static_cast<TcpStream*>(handle->data);
  *buffer = uv_buf_init(nullptr, 0);
  if (self == nullptr || self->is_paused_) return;
  if (self->bypass_ != nullptr && self->take_bypassed()) return;
  const MutableBytes scratch = self->loop_.read_scratch();
  *buffer =
      uv_buf_init(reinterpret_cast<char*>(scratch.data()), static_cast<unsigned>(scratch.size()));
}

// False when there is an end to be read in the ordinary way. A failure is not left to be read: the
// kernel tells of it once.
bool TcpStream::take_bypassed() {
  const ssize_t taken = bypass_->take(socket_.fd());
  if (taken == 0) return false;
  if (taken > 0) bytes_read_ += static_cast<std::size_t>(taken);
  if (taken < 0 && taken != -EAGAIN) fail_with(error_from_errno(static_cast<int>(-taken), "read"));
  return true;
}

void TcpStream::on_read(uv_stream_t* handle, ssize_t count, const uv_buf_t*) {
  if (auto* self = static_cast<TcpStream*>(handle->data)) self->on_received(count);
}

void TcpStream::on_received(ssize_t count) {
  if (count > 0) {
    const auto size = static_cast<std::size_t>(count);
    bytes_read_ += size;
    return events_->on_data(loop_.read_scratch().first(size));
  }
  if (count == 0) return;                                      // nothing there after all
  if (count == UV_ENOBUFS && !is_paused_ && !failed_) return;  // bypassed
  stop_reading();
  if (count == UV_ENOBUFS) return;  // a failure is told at the end of the turn
  if (count == UV_EOF) {
    peer_ended_ = end_is_due_ = true;
  } else {
    fail_with(error_from_errno(static_cast<int>(-count), "read"));
  }
  settle();
}

// ---- Writing

void TcpStream::write(Bytes bytes) {
  if (!is_writable()) return;
  if (bytes.size() >= kWriteAtOnce && in_flight_ == 0) bytes = write_at_once(bytes);
  if (failed_) return;
  queue_.append(bytes);
  after_write();
}

void TcpStream::write(ByteQueue&& bytes) {
  if (!is_writable()) return bytes.clear();
  queue_.append(std::move(bytes));
  after_write();
}

// Sends the queue and `bytes` in one call, uncopied; returns what the kernel did not take of them.
Bytes TcpStream::write_at_once(Bytes bytes) {
  iovec pieces[kPieces];
  const int queued = queue_.gather(pieces, kPieces - 1);
  if (queued == kPieces - 1) return bytes;  // perhaps not all of the queue, which goes first
  pieces[queued] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  const std::size_t before = queue_.size();
  const std::size_t taken = try_write(pieces, queued + 1, before + bytes.size());
  const std::size_t from_queue = std::min(taken, before);
  queue_.consume(from_queue);
  return bytes.subspan(taken - from_queue);
}

void TcpStream::write_from_pipe(int pipe, std::size_t bytes) {
  if (is_writable() && queue_.empty()) bytes -= splice_from(pipe, bytes);
  while (bytes > 0) {
    const MutableBytes room = queue_.reserve(std::min(bytes, ByteQueue::kChunkBytes));
    const ssize_t count = ::read(pipe, room.data(), std::min(bytes, room.size()));
    if (count <= 0) return fail_with(error_from_errno(errno, "read from pipe"));
    if (is_writable()) queue_.commit(static_cast<std::size_t>(count));
    bytes -= static_cast<std::size_t>(count);
  }
  if (is_writable()) after_write();
}

// Returns how many bytes the kernel took.
std::size_t TcpStream::splice_from(int pipe, std::size_t bytes) {
  std::size_t moved = 0;
  while (moved < bytes) {
    const ssize_t count = ::splice(pipe, nullptr, socket_.fd(), nullptr, bytes - moved,
                                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (count > 0) {
      moved += static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EAGAIN) {
      is_full_ = true;
      break;
    } else {
      failed_writing_ = true;
      fail_with(error_from_errno(errno, "write"));
      break;
    }
  }
  bytes_written_ += moved;
  return moved;
}

void TcpStream::after_write() {
  if (in_flight_ != 0 || queue_.empty()) {
    was_congested_ = was_congested_ || congested();
    return;
  }
  if (is_full_ || queue_.size() >= kPushAt) push();
  was_congested_ = was_congested_ || congested();
  loop_.flush_later(*this);
}

// Gives the kernel what it takes of the queue, and waits for it to take more.
void TcpStream::push() {
  for (int i = 0; i < kPushes && !is_full_; ++i) {
    if (in_flight_ != 0 || failed_ || queue_.empty()) return;
    iovec pieces[kPieces];
    const int count = queue_.gather(pieces, kPieces);
    std::size_t offered = 0;
    for (int at = 0; at < count; ++at) offered += pieces[at].iov_len;
    queue_.consume(try_write(pieces, count, offered));
  }
  if (in_flight_ == 0 && !failed_ && !queue_.empty()) wait_until_writable();
}

// Returns how many bytes of `offered` the kernel took.
std::size_t TcpStream::try_write(const iovec* pieces, int count, std::size_t offered) {
  const int rc = uv_try_write(raw(), as_buffers(pieces), static_cast<unsigned>(count));
  if (rc < 0 && rc != UV_EAGAIN) {
    fail_with(error_from_errno(-rc, "write"));
    failed_writing_ = true;
    return 0;
  }
  const auto taken = static_cast<std::size_t>(std::max(rc, 0));
  bytes_written_ += taken;
  is_full_ = taken < offered;
  return taken;
}

// libuv tries once more, then waits. It holds pointers into the leading chunks, which stay until
// on_sent or until the handle is closed, after which libuv looks at them no more.
void TcpStream::wait_until_writable() {
  iovec pieces[kPiecesInFlight];
  const int count = queue_.gather(pieces, kPiecesInFlight);
  const int rc = uv_write(&socket_.block_->write, raw(), as_buffers(pieces),
                          static_cast<unsigned>(count), &TcpStream::on_write);
  if (rc != 0) return fail_with(error_from_errno(-rc, "write"));
  for (int i = 0; i < count; ++i) in_flight_ += pieces[i].iov_len;
}

void TcpStream::on_write(uv_write_t* request, int status) {
  if (auto* self = static_cast<TcpStream*>(request->handle->data)) self->on_sent(status);
}

void TcpStream::on_sent(int status) {
  const std::size_t sent = std::exchange(in_flight_, 0);
  is_full_ = false;
  if (status == 0) {
    bytes_written_ += sent;
    queue_.consume(sent);
    push();
  } else {
    fail_with(error_from_errno(-status, "write"));
    failed_writing_ = true;
  }
  settle();
}

// ---- Ends and failures

void TcpStream::end() {
  if (!is_writable()) return;
  end_wanted_ = true;
  loop_.flush_later(*this);
}

void TcpStream::abort() {
  is_closed_ = true;
  unlink();
  is_reading_ = false;
  socket_.close_with_reset();
  queue_.clear();
}

void TcpStream::flush() {
  if (is_closed_) return;
  if (is_paused_) stop_reading();
  push();
  settle();
}

// Called from the loop only. Tells what is due, in order; every event may close the stream.
void TcpStream::settle() {
  if (end_wanted_ && !end_sent_ && !failed_ && queue_.empty()) send_end();
  if (events_ == nullptr) return;  // all waits for a receiver
  if (std::exchange(end_is_due_, false)) events_->on_end();
  if (is_closed_) return;
  if (failed_) return report_failure();
  if (was_congested_ && queue_.size() <= kLowWater) {
    was_congested_ = false;
    events_->on_drained();
  }
  if (!is_closed_ && end_sent_ && peer_ended_) report_closed(Error{Errc::closed, "end of stream"});
}

// When the peer has ended too, the close that follows says so.
void TcpStream::send_end() {
  end_sent_ = true;
  if (!peer_ended_ && ::shutdown(socket_.fd(), SHUT_WR) != 0)
    fail_with(error_from_errno(errno, "end"));
}

void TcpStream::fail_with(const Error& error) noexcept {
  if (failed_ || is_closed_) return;
  failed_ = true;
  failure_ = error;
  loop_.flush_later(*this);
}

void TcpStream::report_failure() {
  if (failed_writing_) read_last_words();
  if (!is_closed_) report_closed(failure_);
}

// A peer may answer and close before it has read everything: our write then fails while its answer
// waits to be read. EPIPE says that its orderly end came before the reset.
void TcpStream::read_last_words() {
  stop_reading();
  for (int i = 0; i < kPushes && !is_paused_ && !peer_ended_ && !is_closed_; ++i) {
    const MutableBytes scratch = loop_.read_scratch();
    const ssize_t count = ::recv(socket_.fd(), scratch.data(), scratch.size(), MSG_DONTWAIT);
    if (count < 0) return;
    if (count > 0) {
      bytes_read_ += static_cast<std::size_t>(count);
      events_->on_data(scratch.first(static_cast<std::size_t>(count)));
    } else if (failure_.sys == EPIPE) {
      peer_ended_ = true;
      events_->on_end();
    } else {
      return;
    }
  }
}

void TcpStream::report_closed(const Error& error) {
  is_closed_ = true;
  is_reading_ = false;
  unlink();
  socket_.close();
  queue_.clear();
  events_->on_closed(error);
}

}  // namespace mesh::net
