#pragma once
// MetricsScrape: asks every thread for its numbers, adds them up and renders them for the admin
// server. Receivers that ask while a scrape is under way share its answer. On the control thread.

#include <memory>
#include <vector>

#include "meshkit/async/mailbox.h"
#include "meshkit/metrics/registry.h"
#include "proxy/admin/admin_server.h"
#include "proxy/worker.h"

namespace mesh {

class MetricsScrape final : public admin::Scraper {
 public:
  // `own` is the control thread's; all outlive it. Answers come to `mailbox`, the control thread's.
  MetricsScrape(Loop& loop, Mailbox& mailbox, metrics::Registry& own,
                const std::vector<std::unique_ptr<Worker>>& workers)
      : loop_(loop), mailbox_(mailbox), own_(own), workers_(workers) {}

  void scrape(admin::ScrapeReceiver& receiver) override;

 private:
  void ask();
  void on_values(std::vector<metrics::FamilyValues> values);
  void answer();

  Loop& loop_;
  Mailbox& mailbox_;
  metrics::Registry& own_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  IntrusiveList<admin::ScrapeReceiver, admin::ScrapeTag> receivers_;
  std::vector<std::vector<metrics::FamilyValues>> threads_;
  bool is_asking_ = false;
};

}  // namespace mesh
