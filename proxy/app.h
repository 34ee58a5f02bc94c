#pragma once
// App: the composition root of mesh-proxy: the control thread, the workers, and their order of
// starting and stopping. The only place that knows all folders.
//
//   start   bind every port, ask for a certificate; accept once it is there
//   stop    SIGTERM, SIGINT or POST /shutdown: workers take nothing new and finish what is under
//           way; a second signal or the end of the grace period ends it at once

#include <memory>
#include <thread>
#include <vector>

#include "meshkit/async/loop.h"
#include "meshkit/async/signal.h"
#include "meshkit/async/timer.h"
#include "meshkit/base/env.h"
#include "proxy/admin/admin_server.h"
#include "proxy/control_plane.h"
#include "proxy/metrics_scrape.h"
#include "proxy/settings.h"
#include "proxy/stats/process_stats.h"
#include "proxy/worker.h"

namespace mesh {

class App final : private identity::IdentityEvents,
                  private admin::Readiness,
                  private admin::Doorkeeper,
                  private admin::Stopper,
                  private stats::ControlFactsSource {
 public:
  // `settings` outlives it; `version` is a literal.
  App(const Settings& settings, const char* version);
  ~App();
  App(const App&) = delete;

  // Binds and connects; then `run` blocks until the end. The exit status of the process.
  Status start();
  int run();

  // Takes nothing new and ends when all is done.
  void drain(const char* reason);

  // Lines that say what is missing until traffic is taken; empty: ready.
  std::vector<std::string> not_ready_because() const override;

 private:
  bool may_ask(const net::SocketAddress& client) const override;
  stats::ControlFacts control_facts() const override;
  void shut_down() override { drain("POST /shutdown"); }
  void on_identity(const Snapshot<identity::WorkloadIdentity>& identity) override;
  void on_worker_drained();
  void on_signal(const char* name);
  void end(int status);
  void remind();

  const Settings& settings_;
  const char* version_;
  Loop loop_;
  Mailbox mailbox_;
  const SystemEnvironment environment_;
  metrics::Registry registry_;
  std::unique_ptr<ControlPlane> control_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  MetricsScrape scrape_;
  std::unique_ptr<stats::ProcessStats> process_stats_;
  std::unique_ptr<admin::AdminServer> admin_;
  std::unique_ptr<Signal> terminate_;
  std::unique_ptr<Signal> interrupt_;
  Timer grace_;
  Timer reminder_;
  bool is_accepting_ = false;
  bool is_draining_ = false;
  std::size_t drained_workers_ = 0;
  int status_ = 0;
};

}  // namespace mesh
