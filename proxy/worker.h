#pragma once
// Worker: one thread that carries traffic: its loop, its listeners, pools, caches and TLS contexts.
//
// Workers are identical and share nothing that changes; what they learn comes by mailbox from the
// control thread (discovery, identity), what they count is asked for by mailbox. The kernel spreads
// connections over them (SO_REUSEPORT). `run` is the thread's body; everything else is called on
// the control thread and posts.

#include <memory>
#include <optional>
#include <string>

#include "meshkit/async/mailbox.h"
#include "meshkit/metrics/registry.h"
#include "meshkit/tls/context.h"
#include "proxy/discover/worker_discovery.h"
#include "proxy/identity/workload_identity.h"
#include "proxy/inbound/inbound.h"
#include "proxy/outbound/outbound.h"
#include "proxy/stats/worker_stats.h"

namespace mesh {

class Worker final : private forward::ClientTls, private inbound::ServerTls {
 public:
  struct Settings {
    const outbound::OutboundSettings& outbound;
    const inbound::InboundSettings& inbound;
    std::string server_name;  // the SNI that is this workload's
    metrics::RegistrySettings metrics;
    stats::AccessLogForm access_log = stats::AccessLogForm::off;
    std::uint64_t seed = 1;
  };
  // What a worker tells when asked, on the control thread.
  using Done = Callback<void()>;

  // Made on the control thread; `hub` outlives the worker.
  Worker(const Settings& settings, discover::Hub& hub);
  Worker(const Worker&) = delete;
  ~Worker();

  // Claims the ports. Before `run`.
  Status bind();
  // The loop, until `stop`. On the worker's own thread.
  void run();

  // The rest posts to the worker.
  void use_identity(Snapshot<identity::WorkloadIdentity> identity);
  void accept();
  // `drained` is posted to `reply_to` when nothing is under way any more.
  void drain(Mailbox& reply_to, Done drained);
  void stop();
  Mailbox& mailbox() noexcept { return *mailbox_; }

  // On the worker's thread only.
  std::vector<metrics::FamilyValues> values() { return registry_.values(loop_.now()); }
  Loop& loop() noexcept { return loop_; }
  const outbound::Outbound& outbound() const noexcept { return *outbound_; }
  const inbound::Inbound& inbound() const noexcept { return *inbound_; }

 private:
  const tls::Context* client_context() const override { return client_ ? &*client_ : nullptr; }
  const tls::Context* server_context() const override { return server_ ? &*server_ : nullptr; }
  std::string_view server_name() const override { return server_name_; }

  void tell_if_drained();

  Loop loop_;
  metrics::Registry registry_;
  stats::WorkerStats stats_;
  const std::string server_name_;
  std::unique_ptr<Mailbox> mailbox_;
  std::optional<tls::Context> client_;
  std::optional<tls::Context> server_;
  discover::WorkerDiscovery discovery_;
  std::unique_ptr<outbound::Outbound> outbound_;
  std::unique_ptr<inbound::Inbound> inbound_;
  int draining_ = 0;
  Mailbox* reply_to_ = nullptr;
  Done drained_;
};

}  // namespace mesh
