#include "meshkit/http/h2_context.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "meshkit/http/h2_callbacks.h"
#include "meshkit/http/h2_session.h"

namespace mesh::http {
namespace {

// The only allocation of a new session that is as large; were nghttp2 to change it, nothing would
// be shared and nothing would break.
constexpr std::size_t kFrameBufferAtLeast = 16 * 1024;

void require(int code) {
  if (code != 0) std::abort();  // out of memory, or arguments that cannot be
}

}  // namespace

void H2Context::OptionDeleter::operator()(nghttp2_option* option) const noexcept {
  nghttp2_option_del(option);
}
void H2Context::CallbacksDeleter::operator()(nghttp2_session_callbacks* callbacks) const noexcept {
  nghttp2_session_callbacks_del(callbacks);
}

H2Context::H2Context(Loop& loop, H2Role role, const H2Settings& settings, std::size_t window_budget)
    : H2Context(loop, loop, role, settings, window_budget) {}

H2Context::H2Context(Loop& loop, const Clock& clock, H2Role role, const H2Settings& settings,
                     std::size_t window_budget)
    : loop_(loop), clock_(clock), role_(role), settings_(settings), window_budget_(window_budget) {
  nghttp2_session_callbacks* callbacks = nullptr;
  require(nghttp2_session_callbacks_new(&callbacks));
  callbacks_.reset(callbacks);
  H2Callbacks::fill(*callbacks);
  set_options();
}

H2Context::~H2Context() { loop_.pool().free(frame_buffer_); }

void H2Context::set_options() {
  nghttp2_option* option = nullptr;
  require(nghttp2_option_new(&option));
  options_.reset(option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_http_messaging(option, 1);  // H2HeadReader and H2Stream check that
  nghttp2_option_set_peer_max_concurrent_streams(option, settings_.presumed_streams);
  nghttp2_option_set_max_outbound_ack(option, settings_.limits.waiting_replies);
  nghttp2_option_set_max_continuations(option, settings_.limits.continuations);
  nghttp2_option_set_max_deflate_dynamic_table_size(option, settings_.header_table);
  nghttp2_option_set_max_send_header_block_length(option, std::size_t{4} * settings_.max_head);
  // H2FloodGuard counts these, with reasons and with credit for work; nghttp2's own limits only
  // catch what it might not see.
  nghttp2_option_set_stream_reset_rate_limit(option, UINT64_MAX, 0);
  nghttp2_option_set_glitch_rate_limit(option, 20'000, 2'000);
}

nghttp2_session* H2Context::new_session(H2Session& owner) {
  nghttp2_mem memory{this, &H2Context::allocate, &H2Context::release, &H2Context::allocate_zeroed,
                     &H2Context::reallocate};
  nghttp2_session* session = nullptr;
  creating_ = true;
  const auto create =
      role_ == H2Role::server ? &nghttp2_session_server_new3 : &nghttp2_session_client_new3;
  require(create(&session, callbacks_.get(), &owner, options_.get(), &memory));
  creating_ = false;
  return session;
}

void H2Context::announce(nghttp2_session& session) const {
  std::array<nghttp2_settings_entry, 7> entries;
  std::size_t count = 0;
  const auto add = [&](std::int32_t id, std::uint32_t value) { entries[count++] = {id, value}; };
  if (role_ == H2Role::server) {
    add(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings_.max_streams);
    add(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1);
    if (settings_.extended_connect) add(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1);
  } else {
    add(NGHTTP2_SETTINGS_ENABLE_PUSH, 0);
  }
  add(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings_.stream_window);
  add(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, settings_.max_frame);
  add(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings_.max_head);
  add(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, settings_.header_table);
  (void)nghttp2_submit_settings(&session, NGHTTP2_FLAG_NONE, entries.data(), count);
}

bool H2Context::take_window(std::size_t bytes) noexcept {
  if (bytes > window_budget_) {
    ++counters_.window_growth_refused;
    return false;
  }
  window_budget_ -= bytes;
  ++counters_.windows_grown;
  return true;
}

void* H2Context::allocate(std::size_t bytes, void* context) noexcept {
  auto* self = static_cast<H2Context*>(context);
  if (!self->creating_ || bytes < kFrameBufferAtLeast) return self->loop_.pool().allocate(bytes);
  if (self->frame_buffer_ == nullptr) {
    self->frame_buffer_ = self->loop_.pool().allocate(bytes);
    self->frame_buffer_size_ = bytes;
  }
  return bytes == self->frame_buffer_size_ ? self->frame_buffer_
                                           : self->loop_.pool().allocate(bytes);
}

void* H2Context::allocate_zeroed(std::size_t count, std::size_t bytes, void* context) noexcept {
  void* block = allocate(count * bytes, context);
  return std::memset(block, 0, count * bytes);
}

void* H2Context::reallocate(void* block, std::size_t bytes, void* context) noexcept {
  auto* self = static_cast<H2Context*>(context);
  if (block == nullptr) return allocate(bytes, context);
  if (block != self->frame_buffer_) return self->loop_.pool().reallocate(block, bytes);
  void* own = self->loop_.pool().allocate(bytes);
  return std::memcpy(own, block, std::min(bytes, self->frame_buffer_size_));
}

void H2Context::release(void* block, void* context) noexcept {
  auto* self = static_cast<H2Context*>(context);
  if (block != self->frame_buffer_) self->loop_.pool().free(block);
}

}  // namespace mesh::http
