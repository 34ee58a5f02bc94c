#include "proxy/policy/request_match.h"

#include <algorithm>

#include "proxy/policy/names.h"

namespace mesh::policy {
namespace {

bool all_match(const std::vector<FieldPattern>& patterns, const FieldSource& fields) {
  return std::all_of(patterns.begin(), patterns.end(),
                     [&](const FieldPattern& pattern) { return pattern.matches(fields); });
}

std::uint32_t count(const auto& conditions) noexcept {
  return static_cast<std::uint32_t>(conditions.size());
}

}  // namespace

RequestParts::RequestParts(const RequestView& request) noexcept
    : method(request.method),
      host(host_of(request.authority)),
      path(request.path.substr(0, request.path.find('?'))),
      query(path.size() < request.path.size() ? request.path.substr(path.size() + 1) : ""),
      fields(request.fields) {
  if (method != "POST" || !path.starts_with('/')) return;
  const std::string_view names = path.substr(1);
  const std::size_t slash = names.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == names.size()) return;
  if (names.find('/', slash + 1) != std::string_view::npos) return;
  grpc_service = names.substr(0, slash);
  grpc_method = names.substr(slash + 1);
}

std::optional<HttpRank> HttpMatch::match(const RequestParts& request) const {
  if (!method.empty() && method != request.method) return std::nullopt;
  HttpRank rank{{}, count(fields), count(queries), !method.empty()};
  if (path) {
    const auto matched = path->match(request.path);
    if (!matched) return std::nullopt;
    rank.path = *matched;
  }
  if (!all_match(fields, request.fields)) return std::nullopt;
  const bool queries_match =
      std::all_of(queries.begin(), queries.end(),
                  [&](const QueryPattern& pattern) { return pattern.matches(request.query); });
  if (!queries_match) return std::nullopt;
  return rank;
}

std::optional<GrpcRank> GrpcMatch::match(const RequestParts& request) const {
  if (request.grpc_service.empty()) return std::nullopt;
  if (!service.empty() && service != request.grpc_service) return std::nullopt;
  if (!method.empty() && method != request.grpc_method) return std::nullopt;
  if (!all_match(fields, request.fields)) return std::nullopt;
  return GrpcRank{count(service), count(method), count(fields)};
}

}  // namespace mesh::policy
