#include "proxy/policy/matches_from_api.h"

#include "proxy/policy/each.h"
#include "proxy/policy/names.h"
#include "proxy/policy/values_from_api.h"

namespace mesh::policy {
namespace {

// HostMatch and SniMatch are alike but for their names.
template <class Message>
Parsed<std::vector<HostPattern>> patterns_from(const Messages<Message>& messages,
                                               std::string_view what) {
  return each<HostPattern>(messages, what, [](const Message& message) -> Parsed<HostPattern> {
    if (message.has_exact()) return HostPattern::exact(message.exact());
    if (!message.has_suffix()) return violation("neither a name nor a suffix");
    const auto& labels = message.suffix().reverse_labels();
    return HostPattern::suffix(std::vector<std::string>(labels.begin(), labels.end()));
  });
}

Parsed<PathPattern> path_from(const pb::http_route::PathMatch& message) {
  using Path = pb::http_route::PathMatch;
  switch (message.kind_case()) {
    case Path::kExact: return PathPattern::exact(message.exact());
    case Path::kPrefix: return PathPattern::prefix(message.prefix());
    case Path::kRegex: return Regex::compile(message.regex()).map(PathPattern::regex);
    case Path::KIND_NOT_SET: break;
  }
  return violation("path match without a kind");
}

// HeaderMatch and QueryParamMatch: an exact value or a regex.
template <class Message>
Parsed<ValuePattern> value_from(const Message& message) {
  switch (message.value_case()) {
    case Message::kExact: return ValuePattern(message.exact());
    case Message::kRegex:
      return Regex::compile(message.regex()).map([](Regex&& regex) {
        return ValuePattern(std::move(regex));
      });
    case Message::VALUE_NOT_SET: break;
  }
  return violation("match without a value");
}

Parsed<FieldPattern> field_from(const pb::http_route::HeaderMatch& message) {
  if (!is_token(message.name())) return violation("name is no field name");
  return value_from(message).map([&](ValuePattern&& value) {
    return FieldPattern(lower_case(message.name()), std::move(value));
  });
}

Parsed<QueryPattern> query_from(const pb::http_route::QueryParamMatch& message) {
  if (message.name().empty()) return violation("parameter without a name");
  return value_from(message).map(
      [&](ValuePattern&& value) { return QueryPattern(message.name(), std::move(value)); });
}

Parsed<HttpMatch> http_match_from(const pb::http_route::HttpRouteMatch& message) {
  HttpMatch match;
  if (message.has_path()) {
    auto path = path_from(message.path());
    if (!path) return violation_in("path", path.error());
    match.path = std::move(*path);
  }
  if (message.has_method()) {
    auto method = method_from(message.method());
    if (!method) return violation_in("method", method.error());
    match.method = std::move(*method);
  }
  auto fields = each<FieldPattern>(message.headers(), "header", field_from);
  if (!fields) return tl::unexpected(fields.error());
  match.fields = std::move(*fields);
  auto queries = each<QueryPattern>(message.query_params(), "query parameter", query_from);
  if (!queries) return tl::unexpected(queries.error());
  match.queries = std::move(*queries);
  return match;
}

Parsed<GrpcMatch> grpc_match_from(const pb::grpc_route::GrpcRouteMatch& message) {
  if (!message.has_rpc()) return violation("rpc missing");
  auto fields = each<FieldPattern>(message.headers(), "header", field_from);
  if (!fields) return tl::unexpected(fields.error());
  return GrpcMatch{message.rpc().service(), message.rpc().method(), std::move(*fields)};
}

template <class Match>
std::vector<Match> or_everything(std::vector<Match>&& matches) {
  if (matches.empty()) matches.emplace_back();
  return std::move(matches);
}

}  // namespace

Parsed<std::vector<HostPattern>> hosts_from(const Messages<pb::http_route::HostMatch>& messages) {
  return patterns_from(messages, "host");
}

Parsed<std::vector<HostPattern>> snis_from(const Messages<pb::tls_route::SniMatch>& messages) {
  return patterns_from(messages, "sni");
}

Parsed<std::vector<HttpMatch>> matches_from(
    const Messages<pb::http_route::HttpRouteMatch>& messages) {
  return each<HttpMatch>(messages, "match", http_match_from).map(or_everything<HttpMatch>);
}

Parsed<std::vector<GrpcMatch>> matches_from(
    const Messages<pb::grpc_route::GrpcRouteMatch>& messages) {
  return each<GrpcMatch>(messages, "match", grpc_match_from).map(or_everything<GrpcMatch>);
}

}  // namespace mesh::policy
