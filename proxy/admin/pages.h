#pragma once
// pages: what each page of the admin server says, and to whom.
//
//   /ready /live /metrics   anybody who may connect
//   /proxy-log-level /env.json /shutdown   clients on loopback only: 403 for others
//
// Decides; the server (admin_server.h) moves the bytes and does what an Answer asks for. The one
// side effect is PUT /proxy-log-level, which sets the process's filter.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/base/env.h"

namespace mesh::admin {

class Readiness {
 public:
  // One line for each reason why not yet; empty: ready.
  virtual std::vector<std::string> not_ready_because() const = 0;

 protected:
  ~Readiness() = default;
};

struct PageSettings {
  bool shutdown_enabled = false;
  bool log_enabled = true;  // false: nothing is logged and that cannot be changed
};

struct Question {
  std::string method;
  std::string path;
  std::string query;   // without the question mark
  std::string accept;  // the field's value; empty: none
  std::string body;
  bool is_body_too_long = false;
  bool is_from_loopback = false;
};

struct Answer {
  enum class Then : std::uint8_t { nothing, scrape, shut_down };

  std::uint16_t status = 200;
  std::string body;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string_view allow = {};  // with 405
  Then then = Then::nothing;    // scrape: the metrics are the body
};

Answer answer_to(const Question& question, const PageSettings& settings, const Readiness& readiness,
                 const Environment& environment);

// The environment as a JSON object. `query` selects variables ("A&B"; null where there is none);
// empty: all. Values of variables that are named like secrets are not told.
std::string environment_json(const Environment& environment, std::string_view query);

}  // namespace mesh::admin
