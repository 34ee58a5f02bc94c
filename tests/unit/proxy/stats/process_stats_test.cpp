#include "proxy/stats/process_stats.h"

#include <doctest/doctest.h>

#include "tests/unit/proxy/stats/scraped.h"

using namespace mesh;
using namespace mesh::stats;

TEST_SUITE("stats/process_stats") {
  TEST_CASE("reads what the kernel tells of a process, whatever its name") {
    const auto usage = usage_from(
        "42 (a) b) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0 1000 8192000 500 "
        "18446744073709551615",
        100, 4096);

    REQUIRE(usage);
    CHECK(usage->cpu_seconds == 3);
    CHECK(usage->threads == 3);
    CHECK(usage->virtual_bytes == 8192000);
    CHECK(usage->resident_bytes == 500 * 4096);
    CHECK_FALSE(usage_from("", 100, 4096));
    CHECK_FALSE(usage_from("1 (x) S 1", 100, 4096));
  }

  TEST_CASE("adds up the traffic of all interfaces but loopback") {
    const NetworkUsage usage = network_from(
        "Inter-|   Receive\n face |bytes\n"
        "    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0\n"
        "  eth0: 100 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"
        "  eth1:1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n");

    CHECK(usage.received == 101);
    CHECK(usage.transmitted == 22);
  }

  TEST_CASE("tells of the process, its build and its certificate") {
    struct Facts final : ControlFactsSource {
      ControlFacts control_facts() const override {
        ControlFacts facts;
        facts.certificate_expires = WallTime(std::chrono::seconds(100));
        facts.refreshes = 2;
        facts.services.push_back(
            {.name = "policy", .watches = 3, .is_connected = true, .age = std::chrono::seconds(5)});
        return facts;
      }
    };
    const Facts facts;
    const SystemClock clock;
    metrics::Registry registry{metrics::RegistrySettings{}};
    const ProcessStats stats(
        registry, clock, facts,
        {.version = "1", .vendor = "v", .date = "d", .git_sha = "g", .profile = "p"}, 2);

    const std::string text = test::scraped(registry);

    using test::has_line;
    CHECK(has_line(text,
                   "proxy_build_info{date=\"d\",git_sha=\"g\",profile=\"p\",vendor=\"v\","
                   "version=\"1\"} 1"));
    CHECK(has_line(text, "control_identity_cert_expiration_timestamp_seconds 100"));
    CHECK(has_line(text, "control_identity_cert_refreshes_total{result=\"ok\"} 2"));
    CHECK(has_line(text, "# TYPE control_identity_cert_refreshes_total counter"));
    CHECK(has_line(text, "mesh_discovery_age_seconds{service=\"policy\"} 5"));
    CHECK(has_line(text, "mesh_workers 2"));
    for (const char* name : {"process_start_time_seconds ", "process_cpu_seconds_total ",
                             "process_resident_memory_bytes ", "process_open_fds ",
                             "process_max_fds ", "process_threads "}) {
      CAPTURE(name);
      CHECK(text.find(std::string("\n") + name) != std::string::npos);
    }
    CHECK_FALSE(has_line(text, "process_threads 0"));
  }
}
