#include "meshkit/async/mailbox.h"

#include <cstdlib>
#include <utility>

namespace mesh {

Mailbox::Mailbox(Loop& receiver) {
  uv_async_t* async = &handle_.create(this)->handle;
  // Fails only for want of a descriptor at start-up.
  if (uv_async_init(receiver.raw(), async, &Mailbox::on_mail) != 0) std::abort();
  async->data = this;
}

Mailbox::~Mailbox() {
  close();
  if (destroyed_ != nullptr) *destroyed_ = true;
}

bool Mailbox::post(Job job) {
  const std::lock_guard lock(mutex_);
  if (is_closed_) return false;
  posted_.push_back(std::move(job));
  // Under the lock, so that the handle cannot be closed meanwhile.
  if (posted_.size() == 1) uv_async_send(&handle_->handle);
  return true;
}

void Mailbox::close() {
  std::vector<Job> unrun;  // destroyed without the lock: a job may own anything
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    unrun.swap(posted_);
    handle_.close();
  }
}

void Mailbox::on_mail(uv_async_t* async) {
  if (auto* self = static_cast<Mailbox*>(async->data)) self->run_jobs();
}

void Mailbox::run_jobs() {
  std::vector<Job> jobs = std::move(spare_);
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(posted_);
  }
  bool destroyed = false;
  destroyed_ = &destroyed;
  for (Job& job : jobs) {
    job();
    if (destroyed) return;
    if (is_closed_) break;  // only this thread closes
  }
  destroyed_ = nullptr;
  jobs.clear();
  spare_ = std::move(jobs);
}

}  // namespace mesh
