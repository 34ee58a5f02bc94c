#include "meshkit/tls/identity_name.h"

#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "meshkit/base/bytes.h"

namespace mesh::tls {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_label(std::string_view label) noexcept {
  const bool has_legal_ends =
      !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-';
  return has_legal_ends && std::all_of(label.begin(), label.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '-' || c == '_';
         });
}

std::string_view text_of(const ASN1_STRING* string) noexcept {
  return as_text(
      {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))});
}

// The name's identity, or empty.
std::string identity_of(const GENERAL_NAME* name) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(name, &type);
  if (type != GEN_DNS && type != GEN_URI) return {};
  const std::string_view text = text_of(static_cast<const ASN1_STRING*>(value));
  if (type == GEN_DNS) return is_dns_name(text) ? lower_case(text) : std::string();
  return is_uri(text) ? std::string(text) : std::string();
}

bssl::UniquePtr<GENERAL_NAME> to_general_name(int type, std::string_view text) {
  bssl::UniquePtr<GENERAL_NAME> name(GENERAL_NAME_new());
  bssl::UniquePtr<ASN1_IA5STRING> value(ASN1_IA5STRING_new());
  if (name == nullptr || value == nullptr ||
      ASN1_STRING_set(value.get(), text.data(), static_cast<ossl_ssize_t>(text.size())) != 1)
    std::abort();
  GENERAL_NAME_set0_value(name.get(), type, value.release());
  return name;
}

}  // namespace

bool is_dns_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > 253) return false;
  std::string_view label;
  for (std::size_t at = 0; at <= text.size(); at += label.size() + 1) {
    label = text.substr(at, text.find('.', at) - at);
    if (!is_label(label)) return false;
  }
  return !std::all_of(label.begin(), label.end(), is_digit);
}

bool is_uri(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text.front())) return false;
  const std::string_view scheme = text.substr(0, colon);
  return std::all_of(scheme.begin(), scheme.end(),
                     [](char c) {
                       return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
                     }) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::string common_name_in(const X509_NAME* subject) {
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  std::uint8_t* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  ERR_clear_error();
  if (size < 0) return {};
  const bssl::UniquePtr<std::uint8_t> owner(utf8);
  return std::string(as_text({utf8, static_cast<std::size_t>(size)}));
}

std::vector<std::string> identities_among(const GENERAL_NAMES* names) {
  std::vector<std::string> identities;
  if (names == nullptr) return identities;
  for (std::size_t i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    std::string identity = identity_of(sk_GENERAL_NAME_value(names, i));
    if (!identity.empty()) identities.push_back(std::move(identity));
  }
  return identities;
}

Result<bssl::UniquePtr<GENERAL_NAMES>> to_general_names(
    const std::vector<std::string>& identities) {
  bssl::UniquePtr<GENERAL_NAMES> names(GENERAL_NAMES_new());
  if (names == nullptr) std::abort();
  for (const std::string& identity : identities) {
    const bool is_dns = is_dns_name(identity);
    if (!is_dns && !is_uri(identity))
      return fail(Errc::invalid, "identity: neither a DNS name nor a URI");
    auto name =
        to_general_name(is_dns ? GEN_DNS : GEN_URI, is_dns ? lower_case(identity) : identity);
    if (!bssl::PushToStack(names.get(), std::move(name))) std::abort();
  }
  return names;
}

}  // namespace mesh::tls
