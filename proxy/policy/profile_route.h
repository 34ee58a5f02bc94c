#pragma once
// ProfileRoute: a route of a service profile: which requests it is about, which responses count as
// failures, whether they may be retried and how long they may take.
//
// The older of two ways to configure routes; its conditions are trees of all, any and not.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/base/clock.h"
#include "proxy/policy/labels.h"
#include "proxy/policy/regex.h"

namespace mesh::policy {

enum class Junction : std::uint8_t { leaf, all, any, negation };

// An empty `all` is true, an empty `any` is false.
struct RequestCondition {
  Junction junction = Junction::leaf;
  std::vector<RequestCondition> parts;  // exactly one of a negation
  // A leaf has one of these.
  std::optional<Regex> path;  // without query
  std::string method;

  bool holds(std::string_view request_method, std::string_view request_path) const;
};

struct ResponseCondition {
  Junction junction = Junction::leaf;
  std::vector<ResponseCondition> parts;
  std::uint16_t first_status = 0;  // of a leaf, inclusive
  std::uint16_t last_status = 0;

  bool holds(std::uint16_t status) const noexcept;
};

struct ResponseRule {
  ResponseCondition condition;
  bool is_failure = false;
};

struct ProfileRoute {
  RequestCondition condition;
  std::vector<ResponseRule> response_rules;
  Labels labels;
  bool is_retryable = false;
  std::optional<Nanoseconds> timeout;  // over all attempts

  // By the first rule that holds; none when none does.
  std::optional<bool> is_failure(std::uint16_t status) const noexcept;
};

// How much may be retried, over all routes of a profile.
struct RetryBudget {
  float ratio = 0;  // of retries to requests
  std::uint32_t min_per_second = 0;
  Nanoseconds ttl{0};
};

// The first route that the request is about; null when there is none. `path` may have a query.
const ProfileRoute* choose_profile_route(const std::vector<ProfileRoute>& routes,
                                         std::string_view method, std::string_view path);

}  // namespace mesh::policy
