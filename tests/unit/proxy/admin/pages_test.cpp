#include "proxy/admin/pages.h"

#include <doctest/doctest.h>

#include "meshkit/base/log.h"

using namespace mesh;
using namespace mesh::admin;

namespace {

struct Fixture : Readiness {
  virtual ~Fixture() = default;
  std::vector<std::string> not_ready_because() const override { return reasons; }

  Answer ask(std::string method, std::string path, bool local = true, std::string query = "") {
    Question question;
    question.method = std::move(method);
    question.path = std::move(path);
    question.query = std::move(query);
    question.body = body;
    question.accept = accept;
    question.is_from_loopback = local;
    return answer_to(question, settings, *this, environment);
  }

  std::vector<std::string> reasons;
  PageSettings settings;
  FixedEnvironment environment{{{"B", "2"}, {"A", "1\n\""}, {"API_TOKEN", "x"}}};
  std::string body;
  std::string accept;
};

}  // namespace

TEST_SUITE("admin/pages") {
  TEST_CASE_FIXTURE(Fixture, "is alive whatever it is asked by") {
    CHECK(ask("GET", "/live", false).body == "live\n");
    CHECK(ask("POST", "/live", false).status == 200);
  }

  TEST_CASE_FIXTURE(Fixture, "says why it is not ready, one line a reason") {
    CHECK(ask("GET", "/ready", false).body == "ready\n");

    reasons = {"no certificate yet: refused", "port 4143 is taken"};

    const Answer answer = ask("GET", "/ready", false);
    CHECK(answer.status == 503);
    CHECK(answer.body == "not ready\nno certificate yet: refused\nport 4143 is taken\n");
  }

  TEST_CASE_FIXTURE(Fixture, "has the metrics for everybody") {
    const Answer answer = ask("GET", "/metrics", false);

    CHECK(answer.then == Answer::Then::scrape);
    CHECK(answer.content_type == "text/plain; version=0.0.4; charset=utf-8");
  }

  TEST_CASE_FIXTURE(Fixture, "tells and sets the log level, for loopback only") {
    REQUIRE(log::set_filter("warn"));

    CHECK(ask("GET", "/proxy-log-level").body == "warn\n");
    CHECK(ask("GET", "/proxy-log-level", false).status == 403);
    CHECK(ask("POST", "/proxy-log-level").status == 405);
    CHECK(ask("POST", "/proxy-log-level").allow == "GET, PUT");
    body = "warn,identity=debug";
    CHECK(ask("PUT", "/proxy-log-level", false).status == 403);
    CHECK(log::filter() == "warn");
    CHECK(ask("PUT", "/proxy-log-level").status == 204);
    CHECK(log::filter() == "warn,identity=debug");
    body = "loud";
    CHECK(ask("PUT", "/proxy-log-level").status == 400);
    CHECK(log::filter() == "warn,identity=debug");
    settings.log_enabled = false;
    CHECK(ask("GET", "/proxy-log-level").status == 404);
    REQUIRE(log::set_filter("warn"));
  }

  TEST_CASE_FIXTURE(Fixture, "shuts down by POST from loopback, where that is enabled") {
    CHECK(ask("POST", "/shutdown").status == 404);
    CHECK(ask("POST", "/shutdown").then == Answer::Then::nothing);

    settings.shutdown_enabled = true;

    CHECK(ask("GET", "/shutdown").status == 405);
    CHECK(ask("POST", "/shutdown", false).status == 403);
    CHECK(ask("POST", "/shutdown", false).then == Answer::Then::nothing);
    CHECK(ask("POST", "/shutdown").then == Answer::Then::shut_down);
  }

  TEST_CASE_FIXTURE(Fixture, "tells its environment on loopback, secrets apart") {
    const Answer answer = ask("GET", "/env.json");

    CHECK(answer.content_type == "application/json");
    CHECK(answer.body ==
          "{\n  \"A\": \"1\\u000a\\\"\",\n  \"API_TOKEN\": \"[redacted]\",\n  \"B\": \"2\"\n}\n");
    CHECK(ask("GET", "/env.json", false).status == 403);
    CHECK(ask("POST", "/env.json").status == 405);
  }

  TEST_CASE_FIXTURE(Fixture, "tells only the variables that are named, and null for none") {
    CHECK(ask("GET", "/env.json", true, "B&C").body == "{\n  \"B\": \"2\",\n  \"C\": null\n}\n");
    CHECK(ask("GET", "/env.json", true, "B=2").status == 400);
  }

  TEST_CASE_FIXTURE(Fixture, "does not send JSON to who does not take it") {
    for (const char* good : {"", "*/*", "application/*;q=0.5", "text/html, application/json"}) {
      accept = good;
      CHECK(ask("GET", "/env.json").status == 200);
    }
    accept = "text/html";
    CHECK(ask("GET", "/env.json").status == 406);
  }

  TEST_CASE("does not take the place of a secret for the secret") {
    const FixedEnvironment environment({{"MESH_PROXY_IDENTITY_TOKEN_FILE", "/token"},
                                        {"DB_PASSWORD", "p"},
                                        {"aws_secret_access_key", "k"}});

    const std::string json = environment_json(environment, "");

    CHECK(json.find("\"/token\"") != std::string::npos);
    CHECK(json.find("\"p\"") == std::string::npos);
    CHECK(json.find("\"k\"") == std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "has no other page") { CHECK(ask("GET", "/tasks").status == 404); }
}
