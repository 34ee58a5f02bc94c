#include "proxy/admin/pages.h"

#include <algorithm>
#include <array>

#include "meshkit/base/log.h"
#include "meshkit/base/text.h"

namespace mesh::admin {
namespace {

Answer plain(std::uint16_t status, std::string_view text) {
  Answer answer;
  answer.status = status;
  answer.body = std::string(text) + "\n";
  return answer;
}

Answer only(std::string_view allowed) {
  Answer answer = plain(405, "method not allowed");
  answer.allow = allowed;
  return answer;
}

Answer for_loopback_only() { return plain(403, "only for clients on loopback"); }

Answer ready(const Readiness& readiness) {
  const auto reasons = readiness.not_ready_because();
  if (reasons.empty()) return plain(200, "ready");
  Answer answer = plain(503, "not ready");
  for (const std::string& reason : reasons) answer.body.append(reason).append("\n");
  return answer;
}

Answer log_level(const Question& question, const PageSettings& settings) {
  if (!settings.log_enabled) return plain(404, "logging is off");
  if (!question.is_from_loopback) return for_loopback_only();
  if (question.method == "GET") return plain(200, log::filter());
  if (question.method != "PUT") return only("GET, PUT");
  if (question.is_body_too_long) return plain(413, "too long");
  if (!log::set_filter(question.body)) {
    return plain(400, "not a list of levels, as warn,identity=debug");
  }
  Answer answer;
  answer.status = 204;
  return answer;
}

Answer shut_down(const Question& question, const PageSettings& settings) {
  if (!settings.shutdown_enabled) {
    return plain(404, "not enabled: set MESH_PROXY_SHUTDOWN_ENDPOINT_ENABLED");
  }
  if (question.method != "POST") return only("POST");
  if (!question.is_from_loopback) return for_loopback_only();
  Answer answer = plain(200, "shutdown");
  answer.then = Answer::Then::shut_down;
  return answer;
}

bool takes_json(std::string_view accept) {
  if (accept.empty()) return true;
  const std::string kinds = lower_case(accept);
  for (const std::string_view one : split(kinds, ',')) {
    const std::string_view kind = trimmed(one.substr(0, one.find(';')));
    if (kind == "*/*" || kind == "application/*" || kind == "application/json") return true;
  }
  return false;
}

Answer environment_page(const Question& question, const Environment& environment) {
  if (!question.is_from_loopback) return for_loopback_only();
  if (question.method != "GET" && question.method != "HEAD") return only("GET, HEAD");
  if (!takes_json(question.accept)) return plain(406, "it is application/json");
  if (question.query.find('=') != std::string::npos) {
    return plain(400, "names of variables, as ?HOME&PATH");
  }
  Answer answer;
  answer.content_type = "application/json";
  answer.body = environment_json(environment, question.query);
  return answer;
}

// By name: the mesh itself is told no secret by its environment, but others may be.
bool is_secret(std::string_view name) {
  constexpr std::array<std::string_view, 7> kWords = {"TOKEN",   "SECRET",     "PASSWORD", "PASSWD",
                                                      "PRIVATE", "CREDENTIAL", "KEY"};
  constexpr std::array<std::string_view, 3> kPlaces = {"_FILE", "_DIR", "_PATH"};
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  const auto ends = [&](std::string_view place) { return upper.ends_with(place); };
  if (std::any_of(kPlaces.begin(), kPlaces.end(), ends)) return false;
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return upper.find(word) != std::string::npos; });
}

void append_member(std::string& out, std::string_view name, std::optional<std::string_view> value) {
  out.append(out.size() > 1 ? "," : "").append("\n  \"");
  append_json(out, name);
  out.append("\": ");
  if (!value) {
    out.append("null");
    return;
  }
  out.push_back('"');
  append_json(out, is_secret(name) ? "[redacted]" : *value);
  out.push_back('"');
}

}  // namespace

std::string environment_json(const Environment& environment, std::string_view query) {
  std::string json = "{";
  if (query.empty()) {
    for (const auto& variable : environment.all()) {
      append_member(json, variable.name, variable.value);
    }
  } else {
    for (const std::string_view name : split(query, '&')) {
      if (!name.empty()) append_member(json, name, environment.value(name));
    }
  }
  return json + "\n}\n";
}

Answer answer_to(const Question& question, const PageSettings& settings, const Readiness& readiness,
                 const Environment& environment) {
  if (question.path == "/live") return plain(200, "live");
  if (question.path == "/ready") return ready(readiness);
  if (question.path == "/metrics") {
    Answer answer;
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer.then = Answer::Then::scrape;
    return answer;
  }
  if (question.path == "/proxy-log-level") return log_level(question, settings);
  if (question.path == "/shutdown") return shut_down(question, settings);
  if (question.path == "/env.json") return environment_page(question, environment);
  return plain(404, "not found");
}

}  // namespace mesh::admin
