#include "proxy/app.h"

#include <csignal>
#include <random>
#include <utility>

#include "meshkit/base/log.h"

namespace mesh {
namespace {

constexpr Milliseconds kReminderInterval{15'000};

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

App::App(const Settings& settings)
    : settings_(settings), loop_(random_seed()), mailbox_(loop_), grace_(loop_), reminder_(loop_) {}

// Threads first, then what they used; closing handles takes turns of the loop.
App::~App() {
  for (const auto& worker : workers_) worker->stop();
  for (std::thread& thread : threads_) thread.join();
  if (control_ != nullptr) control_->hub().mailbox().close();
  workers_.clear();
  control_.reset();
  terminate_.reset();
  interrupt_.reset();
  grace_.stop();
  reminder_.stop();
  mailbox_.close();
  while (loop_.run_once(false)) {
  }
}

Status App::start() {
  auto control = ControlPlane::make(loop_, settings_, *this);
  if (!control) return fail(control.error());
  control_ = *std::move(control);
  for (unsigned i = 0; i < settings_.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(
        Worker::Settings{.outbound = settings_.outbound,
                         .inbound = settings_.inbound,
                         .server_name = settings_.identity.server_name,
                         .seed = random_seed()},
        control_->hub(), outbound::OutboundSensors{}, inbound::InboundSensors{}));
    if (Status bound = workers_.back()->bind(); !bound) return bound;
  }
  return {};
}

int App::run() {
  terminate_ = std::make_unique<Signal>(loop_, SIGTERM, [this] { on_signal("SIGTERM"); });
  interrupt_ = std::make_unique<Signal>(loop_, SIGINT, [this] { on_signal("SIGINT"); });
  for (const auto& worker : workers_) threads_.emplace_back([&worker] { worker->run(); });
  reminder_.start_repeating(kReminderInterval, [this] { remind(); });
  control_->start();
  loop_.run();
  return status_;
}

void App::on_identity(const Snapshot<identity::WorkloadIdentity>& identity) {
  for (const auto& worker : workers_) worker->use_identity(identity);
  if (std::exchange(is_accepting_, true) || is_draining_) return;
  reminder_.stop();
  for (const auto& worker : workers_) worker->accept();
  log::info("app", "ready", "identity", settings_.identity.server_id, "workers", workers_.size());
}

std::vector<std::string> App::not_ready_because() const {
  std::vector<std::string> reasons;
  if (is_draining_) reasons.emplace_back("shutting down");
  if (!is_accepting_) reasons.push_back("no certificate: " + control_->identity().problem());
  return reasons;
}

void App::remind() {
  for (const std::string& reason : not_ready_because())
    log::warn("app", "not accepting connections yet", "reason", reason);
}

// ---- the end ----

void App::on_signal(const char* name) {
  if (is_draining_) {
    log::warn("app", "second signal, ending now", "signal", name);
    return end(0);
  }
  drain(name);
}

void App::drain(const char* reason) {
  if (std::exchange(is_draining_, true)) return;
  log::info("app", "draining", "reason", reason, "grace_ms", settings_.shutdown_grace.count());
  grace_.start(settings_.shutdown_grace, [this] {
    log::warn("app", "grace period is over, connections are cut");
    end(1);
  });
  for (const auto& worker : workers_) worker->drain(mailbox_, [this] { on_worker_drained(); });
}

void App::on_worker_drained() {
  if (++drained_workers_ < workers_.size()) return;
  log::info("app", "drained");
  end(0);
}

void App::end(int status) {
  status_ = status;
  loop_.stop();
}

}  // namespace mesh
