#pragma once
// protocol_upgrade: HTTP/1 requests carried over the HTTP/2 connection between two proxies.
//
// The sending side turns an HTTP/1 request into HTTP/2 and notes what it was in `l5d-orig-proto`
// ("HTTP/1.1" or "HTTP/1.0", with "; absolute-form" when the target was an absolute URI); the
// receiving side turns it back before the application sees it, and the response takes the same way
// home. Upgrades and CONNECT are not carried. Pure functions on heads.

#include <cstdint>

#include "meshkit/http/head.h"

namespace mesh::forward {

// What the request was before it was carried.
struct OriginalForm {
  bool carried = false;
  http::Version version = http::Version::http2;
  bool absolute_form = false;
};

// Whether `request` (HTTP/1) may be carried.
bool can_carry(const http::Head& request) noexcept;

// Sending side: rewrites the head in place.
void carry_request(http::Head& request) noexcept;
// Sending side, response on its way home: restores the version noted by the far side and removes
// the note.
void uncarry_response(http::Head& response, http::Version client_version) noexcept;

// Receiving side: restores the request and says what to do with the response; `carried` is false
// for an ordinary HTTP/2 request.
OriginalForm uncarry_request(http::Head& request) noexcept;
// Receiving side: notes the version in the response to a carried request.
void carry_response(http::Head& response) noexcept;

}  // namespace mesh::forward
