#pragma once
// ResolverChannel: a c-ares channel whose sockets and timeouts are waited for by the loop.
//
// The part of the resolver that knows sockets; net/resolver.cpp knows questions.

#include <ares.h>
#include <uv.h>

#include <vector>

#include "meshkit/async/handle.h"
#include "meshkit/async/loop.h"
#include "meshkit/async/timer.h"
#include "meshkit/net/resolver.h"

namespace mesh::net {

class ResolverChannel {
 public:
  // `loop` must outlive the channel. Aborts when c-ares cannot start, which is for want of memory.
  ResolverChannel(Loop& loop, const ResolverOptions& options);
  ResolverChannel(const ResolverChannel&) = delete;
  ResolverChannel& operator=(const ResolverChannel&) = delete;
  // Answers every open question with ARES_EDESTRUCTION.
  ~ResolverChannel();

  ares_channel_t* raw() noexcept { return channel_; }
  // To be called after each question asked of raw(): its timeout may be the next to come.
  void wait_for_timeout();
  // Answers every open question with ARES_ECANCELLED.
  void cancel_all();

 private:
  struct Block {
    uv_poll_t handle;
  };
  struct Socket {
    ares_socket_t fd;
    Handle<Block> handle;
  };
  static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable);
  static void on_poll(uv_poll_t* handle, int status, int events);
  void watch(ares_socket_t fd, int events);
  void process(ares_socket_t fd, unsigned events);

  Loop& loop_;
  Timer timeout_;
  std::vector<Socket> sockets_;
  ares_channel_t* channel_ = nullptr;
};

}  // namespace mesh::net
