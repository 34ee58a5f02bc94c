#pragma once
// HttpMatch and GrpcMatch: one alternative of a rule, and how specific it is for a given request.
//
// Every condition that is present must hold. Of several alternatives that hold, the one with the
// greater rank decides; the order of a rank's members is the order of importance.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/policy/field_pattern.h"
#include "proxy/policy/path_pattern.h"
#include "proxy/policy/query_pattern.h"
#include "proxy/policy/request_view.h"

namespace mesh::policy {

// A request taken apart once, for comparing it with many matches.
struct RequestParts {
  explicit RequestParts(const RequestView& request) noexcept;

  std::string_view method;
  std::string_view host;  // without port
  std::string_view path;  // without query
  std::string_view query;
  const FieldSource& fields;
  // Of a gRPC call ("POST /service/method"); empty for anything else.
  std::string_view grpc_service;
  std::string_view grpc_method;
};

struct HttpRank {
  PathRank path;
  std::uint32_t fields = 0;
  std::uint32_t queries = 0;
  bool has_method = false;

  friend auto operator<=>(const HttpRank&, const HttpRank&) = default;
};

// Without any condition it matches everything, like the prefix "/".
struct HttpMatch {
  using Rank = HttpRank;

  std::optional<PathPattern> path;
  std::vector<FieldPattern> fields;
  std::vector<QueryPattern> queries;
  std::string method;  // empty: any

  std::optional<HttpRank> match(const RequestParts& request) const;
};

struct GrpcRank {
  std::uint32_t service = 0;  // lengths
  std::uint32_t method = 0;
  std::uint32_t fields = 0;

  friend auto operator<=>(const GrpcRank&, const GrpcRank&) = default;
};

// Without any condition it matches every gRPC call, and nothing that is none.
struct GrpcMatch {
  using Rank = GrpcRank;

  std::string service;  // empty: any
  std::string method;   // empty: any
  std::vector<FieldPattern> fields;

  std::optional<GrpcRank> match(const RequestParts& request) const;
};

}  // namespace mesh::policy
