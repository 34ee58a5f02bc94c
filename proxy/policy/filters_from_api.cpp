#include "proxy/policy/filters_from_api.h"

#include <limits>

#include "proxy/policy/names.h"
#include "proxy/policy/values_from_api.h"

namespace mesh::policy {
namespace {

using NamesAndValues = std::vector<std::pair<std::string, std::string>>;

bool is_http_status(std::uint32_t status) noexcept { return status >= 100 && status <= 999; }

// Absent: always.
Parsed<Ratio> ratio_from(bool present, const pb::http_route::Ratio& message) {
  if (!present) return Ratio{};
  if (message.denominator() == 0) return violation("ratio with denominator 0");
  if (message.numerator() > message.denominator()) return violation("ratio above 1");
  return Ratio{message.numerator(), message.denominator()};
}

Parsed<Filter> http_failure_from(const pb::http_route::HttpFailureInjector& message) {
  if (!is_http_status(message.status())) return violation("failure with a status out of range");
  return ratio_from(message.has_ratio(), message.ratio()).map([&](const Ratio& ratio) -> Filter {
    return InjectHttpFailure{static_cast<std::uint16_t>(message.status()), message.message(),
                             ratio};
  });
}

Parsed<Filter> grpc_failure_from(const pb::grpc_route::GrpcFailureInjector& message) {
  if (message.code() > std::numeric_limits<std::uint16_t>::max())
    return violation("failure with a code out of range");
  return ratio_from(message.has_ratio(), message.ratio()).map([&](const Ratio& ratio) -> Filter {
    return InjectGrpcFailure{static_cast<std::uint16_t>(message.code()), message.message(), ratio};
  });
}

Parsed<NamesAndValues> fields_from(const pb::http_types::Headers& message) {
  NamesAndValues fields;
  for (const auto& header : message.headers()) {
    if (!is_token(header.name())) return violation("edit of what is no field name");
    if (!is_field_value(header.value())) return violation("edit to what is no field value");
    fields.emplace_back(lower_case(header.name()), header.value());
  }
  return fields;
}

// RequestHeaderModifier and ResponseHeaderModifier are alike but for their names.
template <class Message>
Parsed<FieldEdits> edits_from(const Message& message) {
  FieldEdits edits;
  auto add = fields_from(message.add());
  if (!add) return tl::unexpected(add.error());
  auto set = fields_from(message.set());
  if (!set) return tl::unexpected(set.error());
  edits.add = std::move(*add);
  edits.set = std::move(*set);
  for (const std::string& name : message.remove()) {
    if (!is_token(name)) return violation("removal of what is no field name");
    edits.remove.push_back(lower_case(name));
  }
  return edits;
}

Parsed<Filter> edit_request_from(const pb::http_route::RequestHeaderModifier& message) {
  return edits_from(message).map(
      [](FieldEdits&& e) -> Filter { return EditRequest{std::move(e)}; });
}

Parsed<Filter> edit_response_from(const pb::http_route::ResponseHeaderModifier& message) {
  return edits_from(message).map(
      [](FieldEdits&& e) -> Filter { return EditResponse{std::move(e)}; });
}

Parsed<PathReplacement> replacement_from(const pb::http_route::PathModifier& message) {
  using Path = pb::http_route::PathModifier;
  PathReplacement path;
  switch (message.replace_case()) {
    case Path::kFull: path = {PathReplacement::Part::whole, message.full()}; break;
    case Path::kPrefix: path = {PathReplacement::Part::prefix, message.prefix()}; break;
    case Path::REPLACE_NOT_SET: return violation("redirect to a path of no kind");
  }
  if (!path.with.starts_with('/')) return violation("redirect to a path without a slash in front");
  return path;
}

Parsed<Filter> redirect_from(const pb::http_route::RequestRedirect& message) {
  Redirect redirect;
  if (message.has_scheme()) {
    auto scheme = scheme_from(message.scheme());
    if (!scheme) return violation_in("redirect", scheme.error());
    redirect.scheme = std::move(*scheme);
  }
  if (!message.host().empty() && !parse_authority(message.host()))
    return violation("redirect to what is no host");
  redirect.host = message.host();
  if (message.port() > std::numeric_limits<std::uint16_t>::max())
    return violation("redirect to a port out of range");
  redirect.port = static_cast<std::uint16_t>(message.port());
  if (message.has_path()) {
    auto path = replacement_from(message.path());
    if (!path) return tl::unexpected(path.error());
    redirect.path = std::move(*path);
  }
  if (message.status() != 0 && !is_http_status(message.status()))
    return violation("redirect with a status out of range");
  if (message.status() != 0) redirect.status = static_cast<std::uint16_t>(message.status());
  return redirect;
}

// The filters of opaque and TLS routes are alike but for their names.
template <class Message>
Parsed<Filter> rejection_from(const Message& message) {
  switch (message.kind_case()) {
    case Message::kInvalid: return Filter(RejectInvalid{message.invalid().message()});
    case Message::kForbidden: return Filter(RejectForbidden{});
    case Message::KIND_NOT_SET: break;
  }
  return violation("filter of no known kind");
}

}  // namespace

Parsed<Filter> filter_from(const pb::outbound::HttpRoute::Filter& message) {
  using Kind = pb::outbound::HttpRoute::Filter;
  switch (message.kind_case()) {
    case Kind::kFailureInjector: return http_failure_from(message.failure_injector());
    case Kind::kRequestHeaderModifier: return edit_request_from(message.request_header_modifier());
    case Kind::kRedirect: return redirect_from(message.redirect());
    case Kind::kResponseHeaderModifier:
      return edit_response_from(message.response_header_modifier());
    case Kind::KIND_NOT_SET: break;
  }
  return violation("filter of no known kind");
}

Parsed<Filter> filter_from(const pb::outbound::GrpcRoute::Filter& message) {
  using Kind = pb::outbound::GrpcRoute::Filter;
  switch (message.kind_case()) {
    case Kind::kFailureInjector: return grpc_failure_from(message.failure_injector());
    case Kind::kRequestHeaderModifier: return edit_request_from(message.request_header_modifier());
    case Kind::KIND_NOT_SET: break;
  }
  return violation("filter of no known kind");
}

Parsed<Filter> filter_from(const pb::outbound::OpaqueRoute::Filter& message) {
  return rejection_from(message);
}

Parsed<Filter> filter_from(const pb::outbound::TlsRoute::Filter& message) {
  return rejection_from(message);
}

Parsed<Filter> filter_from(const pb::inbound::HttpRoute::Filter& message) {
  using Kind = pb::inbound::HttpRoute::Filter;
  switch (message.kind_case()) {
    case Kind::kFailureInjector: return http_failure_from(message.failure_injector());
    case Kind::kRequestHeaderModifier: return edit_request_from(message.request_header_modifier());
    case Kind::kRedirect: return redirect_from(message.redirect());
    case Kind::KIND_NOT_SET: break;
  }
  return Filter(UnknownFilter{});
}

Parsed<Filter> filter_from(const pb::inbound::GrpcRoute::Filter& message) {
  using Kind = pb::inbound::GrpcRoute::Filter;
  switch (message.kind_case()) {
    case Kind::kFailureInjector: return grpc_failure_from(message.failure_injector());
    case Kind::kRequestHeaderModifier: return edit_request_from(message.request_header_modifier());
    case Kind::KIND_NOT_SET: break;
  }
  return Filter(UnknownFilter{});
}

}  // namespace mesh::policy
