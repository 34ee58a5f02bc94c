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

metrics::RegistrySettings registry_settings(const Settings& settings) {
  return {.most_series = settings.metrics.max_series, .retention = settings.metrics.retain_idle};
}

stats::AccessLogForm access_log_form(AccessLog log) {
  switch (log) {
    case AccessLog::apache: return stats::AccessLogForm::apache;
    case AccessLog::json: return stats::AccessLogForm::json;
    case AccessLog::off: break;
  }
  return stats::AccessLogForm::off;
}

}  // namespace

App::App(const Settings& settings, const char* version)
    : settings_(settings),
      version_(version),
      loop_(random_seed()),
      mailbox_(loop_),
      registry_(registry_settings(settings)),
      scrape_(loop_, mailbox_, registry_, workers_),
      grace_(loop_),
      reminder_(loop_) {}

// Threads first, then what they used; closing handles takes turns of the loop.
App::~App() {
  for (const auto& worker : workers_) worker->stop();
  for (std::thread& thread : threads_) thread.join();
  admin_.reset();
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
  process_stats_ = std::make_unique<stats::ProcessStats>(
      registry_, loop_, static_cast<stats::ControlFactsSource&>(*this),
      stats::BuildInfo{
          .version = version_, .vendor = "mesh", .date = "", .git_sha = "", .profile = "release"},
      settings_.workers);
  admin_ = std::make_unique<admin::AdminServer>(
      admin::AdminResources{.loop = loop_,
                            .pages = {.shutdown_enabled = settings_.admin.shutdown_enabled,
                                      .log_enabled = settings_.log.filter != "off"},
                            .environment = environment_,
                            .readiness = static_cast<admin::Readiness&>(*this),
                            .door = static_cast<admin::Doorkeeper&>(*this),
                            .scraper = scrape_,
                            .stopper = static_cast<admin::Stopper&>(*this)});
  if (Status listening = admin_->listen(settings_.admin.listen); !listening) return listening;
  for (unsigned i = 0; i < settings_.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(
        Worker::Settings{.outbound = settings_.outbound,
                         .inbound = settings_.inbound,
                         .server_name = settings_.identity.server_name,
                         .metrics = registry_settings(settings_),
                         .access_log = access_log_form(settings_.access_log),
                         .seed = random_seed()},
        control_->hub()));
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

// The default policy guards the admin port: whom it lets in without a certificate may ask.
bool App::may_ask(const net::SocketAddress& client) const {
  if (client.is_loopback()) return true;
  const auto policy = policy::default_server_policy(settings_.port_policy.default_policy,
                                                    policy::ServerPolicy::Kind::detect, {},
                                                    settings_.port_policy.cluster_networks);
  return policy::authorize_connection(policy,
                                      {.address = client.ip(), .is_tls = false, .identity = {}})
      .is_allowed();
}

stats::ControlFacts App::control_facts() const {
  const identity::IdentityClient& identity = control_->identity();
  return {.certificate_expires = identity.expires(),
          .certificate_refreshed = identity.refreshed_at(),
          .refreshes = identity.counters().refreshed,
          .refresh_failures = identity.counters().failed,
          .services = {}};
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
