#include "meshkit/net/resolver_channel.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace mesh::net {
namespace {

std::string servers_csv(const std::vector<SocketAddress>& servers) {
  std::string csv;
  for (const SocketAddress& server : servers) {
    if (!csv.empty()) csv += ',';
    csv += server.text().view();
  }
  return csv;
}

}  // namespace

ResolverChannel::ResolverChannel(Loop& loop, const ResolverOptions& options)
    : loop_(loop), timeout_(loop) {
  ares_options settings{};
  settings.timeout = static_cast<int>(options.attempt.count());
  settings.tries = options.tries;
  settings.sock_state_cb = &ResolverChannel::on_socket_state;
  settings.sock_state_cb_data = this;
  settings.qcache_max_ttl = 0;  // who asks again wants to know
  const int mask =
      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_QUERY_CACHE;
  if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) std::abort();
  if (ares_init_options(&channel_, &settings, mask) != ARES_SUCCESS) std::abort();
  if (options.servers.empty()) return;
  const std::string csv = servers_csv(options.servers);
  if (ares_set_servers_ports_csv(channel_, csv.c_str()) != ARES_SUCCESS) std::abort();
}

ResolverChannel::~ResolverChannel() {
  ares_destroy(channel_);
  ares_library_cleanup();
}

void ResolverChannel::cancel_all() {
  ares_cancel(channel_);
  wait_for_timeout();
}

void ResolverChannel::wait_for_timeout() {
  timeval wait{};
  if (ares_timeout(channel_, nullptr, &wait) == nullptr) return timeout_.stop();
  const auto length = std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec);
  timeout_.start(std::chrono::ceil<Milliseconds>(length),
                 [this] { process(ARES_SOCKET_BAD, ARES_FD_EVENT_NONE); });
}

void ResolverChannel::on_socket_state(void* self, ares_socket_t fd, int readable, int writable) {
  const int events = (readable != 0 ? UV_READABLE : 0) | (writable != 0 ? UV_WRITABLE : 0);
  static_cast<ResolverChannel*>(self)->watch(fd, events);
}

// c-ares closes `fd` right after `events` has become 0.
void ResolverChannel::watch(ares_socket_t fd, int events) {
  auto at = std::find_if(sockets_.begin(), sockets_.end(),
                         [fd](const Socket& socket) { return socket.fd == fd; });
  if (events == 0) {
    if (at != sockets_.end()) sockets_.erase(at);
    return;
  }
  if (at == sockets_.end()) {
    at = sockets_.insert(at, Socket{fd, {}});
    // Fails only for a descriptor that epoll refuses, which a socket is not.
    if (uv_poll_init(loop_.raw(), &at->handle.create(this)->handle, fd) != 0) std::abort();
    at->handle->handle.data = this;
  }
  uv_poll_start(&at->handle->handle, events, &ResolverChannel::on_poll);
}

void ResolverChannel::on_poll(uv_poll_t* handle, int status, int events) {
  auto* self = static_cast<ResolverChannel*>(handle->data);
  uv_os_fd_t fd = -1;
  if (self == nullptr || uv_fileno(reinterpret_cast<uv_handle_t*>(handle), &fd) != 0) return;
  // An error shows when it is read.
  unsigned ready = 0;
  if (status != 0 || (events & UV_READABLE) != 0) ready |= ARES_FD_EVENT_READ;
  if (status != 0 || (events & UV_WRITABLE) != 0) ready |= ARES_FD_EVENT_WRITE;
  self->process(fd, ready);
}

void ResolverChannel::process(ares_socket_t fd, unsigned events) {
  const ares_fd_events_t ready{fd, events};
  (void)ares_process_fds(channel_, &ready, events == 0 ? 0 : 1,  // failures reach the questions
                         ARES_PROCESS_FLAG_NONE);
  wait_for_timeout();
}

}  // namespace mesh::net
