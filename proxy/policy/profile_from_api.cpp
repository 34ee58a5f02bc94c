#include "proxy/policy/profile_from_api.h"

#include <google/protobuf/duration.pb.h>

#include <limits>
#include <map>

#include "proxy/policy/endpoint_from_api.h"
#include "proxy/policy/values_from_api.h"

namespace mesh::policy {
namespace {

// Nested deeper than this a condition is not used: whoever writes one this deep means harm.
constexpr int kMaxDepth = 32;

template <class Condition>
Condition junction_of(Junction junction) {
  Condition condition;
  condition.junction = junction;
  return condition;
}

// `message` is RequestMatch or ResponseMatch; `leaf` converts what is no junction.
template <class Condition, class Message, class Leaf>
std::optional<Condition> condition_from(const Message& message, int depth, const Leaf& leaf) {
  if (depth == kMaxDepth) return std::nullopt;
  const auto inner = [&](const Message& part) {
    return condition_from<Condition>(part, depth + 1, leaf);
  };
  const auto sequence = [&](Junction junction, const auto& messages) {
    auto condition = junction_of<Condition>(junction);
    for (const Message& part : messages)
      if (auto converted = inner(part)) condition.parts.push_back(std::move(*converted));
    return condition;
  };
  switch (message.match_case()) {
    case Message::kAll: return sequence(Junction::all, message.all().matches());
    case Message::kAny: return sequence(Junction::any, message.any().matches());
    case Message::kNot: {
      auto negated = inner(message.not_());
      if (!negated) return std::nullopt;
      auto condition = junction_of<Condition>(Junction::negation);
      condition.parts.push_back(std::move(*negated));
      return condition;
    }
    default: return leaf(message);
  }
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::optional<RequestCondition> request_leaf(const pb::destination::RequestMatch& message) {
  RequestCondition condition;
  if (message.has_path()) {
    auto regex = Regex::compile(trimmed(message.path().regex()));
    if (!regex) return std::nullopt;
    condition.path = std::move(*regex);
    return condition;
  }
  auto method = method_from(message.method());
  if (!method) return std::nullopt;
  condition.method = std::move(*method);
  return condition;
}

bool is_status(std::uint32_t status) noexcept { return status >= 100 && status <= 999; }

std::optional<ResponseCondition> response_leaf(const pb::destination::ResponseMatch& message) {
  const auto& range = message.status();
  if (!is_status(range.min()) || !is_status(range.max())) return std::nullopt;
  ResponseCondition condition;
  condition.first_status = static_cast<std::uint16_t>(range.min());
  condition.last_status = static_cast<std::uint16_t>(range.max());
  return condition;
}

// Sequences of nothing say nothing about a response.
bool is_void(const ResponseCondition& condition) noexcept {
  return condition.junction != Junction::leaf && condition.parts.empty();
}

std::vector<ResponseRule> response_rules_from(const pb::destination::Route& message) {
  std::vector<ResponseRule> rules;
  for (const auto& response : message.response_classes()) {
    auto condition = condition_from<ResponseCondition>(response.condition(), 0, response_leaf);
    if (!condition || is_void(*condition)) continue;
    rules.push_back(ResponseRule{std::move(*condition), response.is_failure()});
  }
  return rules;
}

std::optional<ProfileRoute> route_from(const pb::destination::Route& message) {
  auto condition = condition_from<RequestCondition>(message.condition(), 0, request_leaf);
  if (!condition) return std::nullopt;
  ProfileRoute route;
  route.condition = std::move(*condition);
  route.response_rules = response_rules_from(message);
  const auto& labels = message.metrics_labels();
  for (const auto& [name, value] :
       std::map<std::string_view, std::string_view>(labels.begin(), labels.end()))
    route.labels.set(name, value);
  route.is_retryable = message.is_retryable();
  if (message.has_timeout())
    if (const auto timeout = duration_from(message.timeout())) route.timeout = *timeout;
  return route;
}

std::optional<RetryBudget> budget_from(const pb::destination::RetryBudget& message) {
  const auto ttl = duration_from(message.ttl());
  if (!ttl || *ttl < std::chrono::seconds(1) || *ttl > std::chrono::seconds(60))
    return std::nullopt;
  const float ratio = message.retry_ratio();
  if (!(ratio >= 0 && ratio <= 1000)) return std::nullopt;
  if (message.min_retries_per_second() > std::numeric_limits<std::int32_t>::max())
    return std::nullopt;
  return RetryBudget{ratio, message.min_retries_per_second(), *ttl};
}

}  // namespace

Profile profile_from(const pb::destination::DestinationProfile& message) {
  Profile profile;
  if (is_dns_name(message.fully_qualified_name()))
    profile.name = lower_case(message.fully_qualified_name());
  profile.is_opaque = message.opaque_protocol();
  if (message.has_endpoint()) profile.endpoint = endpoint_from(message.endpoint());
  for (const auto& split : message.dst_overrides()) {
    auto destination = parse_name_and_port(split.authority());
    if (destination && split.weight() != 0)
      profile.overrides.push_back({std::move(*destination), split.weight()});
  }
  for (const auto& route : message.routes())
    if (auto converted = route_from(route)) profile.routes.push_back(std::move(*converted));
  profile.retry_budget = budget_from(message.retry_budget());
  return profile;
}

}  // namespace mesh::policy
