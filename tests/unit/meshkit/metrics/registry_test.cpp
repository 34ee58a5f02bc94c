#include "meshkit/metrics/registry.h"

#include <doctest/doctest.h>

#include <array>

#include "meshkit/metrics/render.h"
#include "tests/support/allocation_counter.h"

using namespace mesh;
using namespace mesh::metrics;

namespace {

const Description kRequests = {"request_total", "Requests"};
const Description kOpen = {"open", "Open connections"};
constexpr std::array<double, 3> kBuckets = {1, 2.5, 50000};
const Description kLatency = {"latency_ms", "Latency", kBuckets};

LabelText path(std::string_view value) { return LabelText().add("path", value); }

std::string text_of(Registry& registry, TimePoint now = {}) {
  std::vector<std::vector<FamilyValues>> threads;
  threads.push_back(registry.values(now));
  return rendered(merged(std::move(threads)));
}

}  // namespace

TEST_SUITE("metrics/registry") {
  TEST_CASE("counts equal labels in one series") {
    Registry registry(RegistrySettings{});
    Family<Counter>& requests = registry.counter(kRequests);

    requests.series(path("/"))->add();
    requests.series(path("/"))->add(2);
    requests.series(path("/x"))->add();

    CHECK(requests.size() == 2);
    CHECK(text_of(registry) ==
          "# HELP request_total Requests\n# TYPE request_total counter\n"
          "request_total{path=\"/\"} 3\nrequest_total{path=\"/x\"} 1\n# EOF\n");
  }

  TEST_CASE("keeps a series where it is, however many are made") {
    Registry registry(RegistrySettings{});
    Family<Counter>& requests = registry.counter(kRequests);
    const Held<Counter> first = requests.series(path("first"));
    Counter* const address = &*first;

    for (int i = 0; i < 1000; ++i) (void)requests.series(path(std::to_string(i)));

    CHECK(&*requests.series(path("first")) == address);
  }

  TEST_CASE("counts without allocating once a series is held") {
    Registry registry(RegistrySettings{});
    const Held<Counter> requests = registry.counter(kRequests).series({});
    const Held<Histogram> latency = registry.histogram(kLatency).series({});

    const test::AllocationCounter allocations;
    for (int i = 0; i < 100; ++i) {
      requests->add();
      latency->observe(i);
    }

    CHECK(allocations.count() == 0);
    CHECK(requests->value() == 100);
  }

  TEST_CASE("caps the series of a family, and counts what is beyond in one") {
    Registry registry(RegistrySettings{.most_series = 2, .retention = std::chrono::minutes(10)});
    Family<Counter>& requests = registry.counter(kRequests);

    for (const char* one : {"a", "b", "c", "d", "c"}) requests.series(path(one))->add();

    CHECK(requests.size() == 3);
    const std::string text = text_of(registry);
    CHECK(text.find("request_total{overflow=\"true\"} 3\n") != std::string::npos);
    CHECK(text.find("mesh_metrics_overflow_total{metric=\"request_total\"} 3\n") !=
          std::string::npos);
  }

  TEST_CASE("forgets a series that nobody held for the retention time") {
    Registry registry(RegistrySettings{.most_series = 10, .retention = std::chrono::minutes(10)});
    Family<Counter>& requests = registry.counter(kRequests);
    const Held<Counter> held = requests.series(path("held"));
    const TimePoint start{};
    requests.series(path("idle"))->add();
    requests.series(path("used"))->add();

    (void)registry.values(start);
    (void)registry.values(start + std::chrono::minutes(9));
    CHECK(requests.size() == 3);
    requests.series(path("used"))->add();
    (void)registry.values(start + std::chrono::minutes(10));

    CHECK(requests.size() == 2);
    (void)registry.values(start + std::chrono::minutes(60));
    CHECK(requests.size() == 1);
  }

  TEST_CASE("asks collectors before it copies") {
    struct OpenNow final : Collector {
      explicit OpenNow(Held<Gauge> gauge) : gauge_(std::move(gauge)) {}
      void collect() override { gauge_->set(7); }
      Held<Gauge> gauge_;
    };
    Registry registry(RegistrySettings{});
    OpenNow open(registry.gauge(kOpen).series({}));
    registry.add(open);

    CHECK(text_of(registry).find("\nopen 7\n") != std::string::npos);
  }
}

TEST_SUITE("metrics/render") {
  TEST_CASE("adds up what threads counted") {
    Registry one(RegistrySettings{});
    Registry other(RegistrySettings{});
    one.counter(kRequests).series(path("/"))->add(3);
    other.counter(kRequests).series(path("/"))->add(4);
    one.gauge(kOpen).series({})->set(1.5);
    other.gauge(kOpen).series({})->set(2);
    std::vector<std::vector<FamilyValues>> threads;
    threads.push_back(one.values({}));
    threads.push_back(other.values({}));

    const std::string text = rendered(merged(std::move(threads)));

    CHECK(text.find("request_total{path=\"/\"} 7\n") != std::string::npos);
    CHECK(text.find("\nopen 3.5\n") != std::string::npos);
  }

  TEST_CASE("writes histograms with cumulative buckets, the bound being inside") {
    Registry one(RegistrySettings{});
    Registry other(RegistrySettings{});
    Held<Histogram> latency = one.histogram(kLatency).series(path("/"));
    latency->observe(1);
    latency->observe(2);
    other.histogram(kLatency).series(path("/"))->observe(100000);
    std::vector<std::vector<FamilyValues>> threads;
    threads.push_back(one.values({}));
    threads.push_back(other.values({}));

    CHECK(rendered(merged(std::move(threads))) ==
          "# HELP latency_ms Latency\n# TYPE latency_ms histogram\n"
          "latency_ms_bucket{path=\"/\",le=\"1\"} 1\n"
          "latency_ms_bucket{path=\"/\",le=\"2.5\"} 2\n"
          "latency_ms_bucket{path=\"/\",le=\"50000\"} 2\n"
          "latency_ms_bucket{path=\"/\",le=\"+Inf\"} 3\n"
          "latency_ms_sum{path=\"/\"} 100003\n"
          "latency_ms_count{path=\"/\"} 3\n# EOF\n");
  }

  TEST_CASE("escapes label values, so that none ends its line or its quotes") {
    CHECK(LabelText().add("a", "x\"y\\z\nw").text() == "a=\"x\\\"y\\\\z\\nw\"");
    CHECK(LabelText().add("a", "\xff").text() == "a=\"?\"");
    CHECK(LabelText().add("a", "").add("b", std::uint64_t{7}).text() == "a=\"\",b=\"7\"");
    CHECK(LabelText().add(LabelText()).add(path("/")).add(path("/x")).text() ==
          "path=\"/\",path=\"/x\"");
  }

  TEST_CASE("lets counters wrap where doubles stop being exact") {
    Registry registry(RegistrySettings{});
    registry.counter(kRequests).series({})->add((std::uint64_t{1} << 53) + 5);

    CHECK(text_of(registry).find("\nrequest_total 5\n") != std::string::npos);
  }

  TEST_CASE("is only its end when nothing was counted") { CHECK(rendered({}) == "# EOF\n"); }
}
