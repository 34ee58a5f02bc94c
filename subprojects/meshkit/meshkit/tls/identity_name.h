#pragma once
// What text is an identity, and its form inside X.509: a subject alternative name that is a DNS
// name or a URI (RFC 5280 section 4.2.1.6). For the sources of tls/.

#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <vector>

#include "meshkit/base/result.h"

namespace mesh::tls {

// A host name of letters, digits, '-' and '_', without a wildcard or a trailing dot, that cannot be
// taken for an IPv4 address.
bool is_dns_name(std::string_view text) noexcept;
// Scheme, ':' and visible ASCII.
bool is_uri(std::string_view text) noexcept;

std::string lower_case(std::string_view text);

// The first common name of `subject`, or empty.
std::string common_name_in(const X509_NAME* subject);

// The identities among `names`, in order. Null is no names.
std::vector<std::string> identities_among(const GENERAL_NAMES* names);

// The extension's value for `identities`, each read as a DNS name first, then as a URI.
Result<bssl::UniquePtr<GENERAL_NAMES>> to_general_names(const std::vector<std::string>& identities);

}  // namespace mesh::tls
