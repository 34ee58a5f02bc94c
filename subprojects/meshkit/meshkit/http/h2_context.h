#pragma once
// H2Context: what all HTTP/2 connections of one kind on one loop share: their settings, nghttp2's
// callback table and options, the allocator, and the budget that their windows grow from.
//
// One per kind (towards applications, between proxies, towards the controller) and loop. Must
// outlive its connections; `loop` and `clock` must outlive it.
//
// nghttp2 allocates from the loop's BlockPool. The buffer in which it assembles frames (16 KiB a
// session) holds nothing between two of its calls, so all sessions of a context share one.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "meshkit/async/loop.h"
#include "meshkit/base/clock.h"
#include "meshkit/http/h2_settings.h"

struct nghttp2_option;
struct nghttp2_session;
struct nghttp2_session_callbacks;

namespace mesh::http {

class H2Session;

enum class H2Role : std::uint8_t { server, client };

// Since the context was made; for metrics.
struct H2Counters {
  std::uint64_t stream_window_waits = 0;      // a large piece of a body met its stream's window
  std::uint64_t connection_window_waits = 0;  // ... for its connection's
  std::uint64_t windows_grown = 0;
  std::uint64_t window_growth_refused = 0;  // the budget was spent
};

class H2Context {
 public:
  static constexpr std::size_t kWindowBudget = 64 * 1024 * 1024;

  // `window_budget` bounds what the windows of all connections may grow by together.
  H2Context(Loop& loop, H2Role role, const H2Settings& settings,
            std::size_t window_budget = kWindowBudget);
  // The same with another source of time.
  H2Context(Loop& loop, const Clock& clock, H2Role role, const H2Settings& settings,
            std::size_t window_budget = kWindowBudget);
  H2Context(const H2Context&) = delete;
  H2Context& operator=(const H2Context&) = delete;
  ~H2Context();

  Loop& loop() const noexcept { return loop_; }
  const Clock& clock() const noexcept { return clock_; }
  H2Role role() const noexcept { return role_; }
  const H2Settings& settings() const noexcept { return settings_; }
  const H2Counters& counters() const noexcept { return counters_; }

 private:
  friend class H2Pump;
  friend class H2Session;
  friend class H2Stream;
  friend class H2Windows;

  struct OptionDeleter {
    void operator()(nghttp2_option* option) const noexcept;
  };
  struct CallbacksDeleter {
    void operator()(nghttp2_session_callbacks* callbacks) const noexcept;
  };

  nghttp2_session* new_session(H2Session& owner);
  void announce(nghttp2_session& session) const;  // our SETTINGS
  void set_options();
  bool take_window(std::size_t bytes) noexcept;
  void give_window(std::size_t bytes) noexcept { window_budget_ += bytes; }

  static void* allocate(std::size_t bytes, void* context) noexcept;
  static void* allocate_zeroed(std::size_t count, std::size_t bytes, void* context) noexcept;
  static void* reallocate(void* block, std::size_t bytes, void* context) noexcept;
  static void release(void* block, void* context) noexcept;

  Loop& loop_;
  const Clock& clock_;
  const H2Role role_;
  const H2Settings settings_;
  H2Counters counters_;
  std::size_t window_budget_;
  std::unique_ptr<nghttp2_option, OptionDeleter> options_;
  std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter> callbacks_;
  void* frame_buffer_ = nullptr;  // see above
  std::size_t frame_buffer_size_ = 0;
  bool creating_ = false;    // inside new_session()
  bool is_sending_ = false;  // a session's frame may be in frame_buffer_
};

}  // namespace mesh::http
