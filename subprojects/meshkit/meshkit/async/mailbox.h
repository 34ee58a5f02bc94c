#pragma once
// Mailbox: hands jobs from any thread to the thread of one loop.
//
// Jobs run on the receiving loop in the order posted, never inside `post`. The receiving thread
// owns the Mailbox; senders may use it until it is destroyed, and their owner sees to that. After
// `close` a post is refused, so senders can be told apart from their target first. Jobs not yet run
// when the Mailbox closes are destroyed unrun, on the receiving thread. An open Mailbox keeps its
// loop running. A post costs a lock, and one system call when the box was empty; nothing is
// allocated once the box has grown.

#include <uv.h>

#include <mutex>
#include <vector>

#include "meshkit/async/handle.h"
#include "meshkit/async/loop.h"
#include "meshkit/base/callback.h"

namespace mesh {

class Mailbox {
 public:
  using Job = Callback<void(), 64>;

  // `receiver` must outlive the Mailbox. Construct, close and destroy on its thread.
  explicit Mailbox(Loop& receiver);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox();

  // From any thread. False, and the job is gone, once closed.
  bool post(Job job);
  // A job may call this, and may destroy the Mailbox.
  void close();

 private:
  struct Block {
    uv_async_t handle;
  };
  static void on_mail(uv_async_t* async);
  void run_jobs();

  Handle<Block> handle_;
  std::mutex mutex_;  // guards the next two
  std::vector<Job> posted_;
  bool is_closed_ = false;
  std::vector<Job> spare_;     // of the receiver; swapped with posted_
  bool* destroyed_ = nullptr;  // set while jobs run, so that one may destroy the Mailbox
};

}  // namespace mesh
