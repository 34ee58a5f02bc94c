#include "proxy/metrics_scrape.h"

#include <utility>

#include "meshkit/metrics/render.h"

namespace mesh {

void MetricsScrape::scrape(admin::ScrapeReceiver& receiver) {
  receivers_.push_back(receiver);
  if (!std::exchange(is_asking_, true)) ask();
}

void MetricsScrape::ask() {
  threads_.clear();
  threads_.push_back(own_.values(loop_.now()));
  for (const auto& worker : workers_) {
    worker->mailbox().post([this, &worker] {
      mailbox_.post([this, values = worker->values()]() mutable { on_values(std::move(values)); });
    });
  }
  // Told from the loop, also where there is nobody to wait for.
  if (workers_.empty()) mailbox_.post([this] { answer(); });
}

void MetricsScrape::on_values(std::vector<metrics::FamilyValues> values) {
  threads_.push_back(std::move(values));
  if (threads_.size() == workers_.size() + 1) answer();
}

void MetricsScrape::answer() {
  const std::string text = metrics::rendered(metrics::merged(std::move(threads_)));
  is_asking_ = false;
  IntrusiveList<admin::ScrapeReceiver, admin::ScrapeTag> told;
  while (admin::ScrapeReceiver* receiver = receivers_.pop_front()) told.push_back(*receiver);
  while (admin::ScrapeReceiver* receiver = told.pop_front()) receiver->on_scraped(text);
}

}  // namespace mesh
