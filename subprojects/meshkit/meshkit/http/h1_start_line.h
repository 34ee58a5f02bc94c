#pragma once
// h1_start_line: the first line of an HTTP/1 message. Pure; RFC 9112 sections 3 and 4.
//
// Exactly one space between the parts and HTTP/1.0 or HTTP/1.1. Targets are visible ASCII without
// '#': origin-form, absolute-form (http and https, no user information), authority-form with a port
// for CONNECT and only there, "*" for OPTIONS and only there.

#include <string_view>

#include "meshkit/http/h1_fault.h"
#include "meshkit/http/head.h"

namespace mesh::http {

// `line` without its CRLF. Sets the start line of `head`, or returns why not.
H1Fault read_request_line(std::string_view line, Head& head) noexcept;
H1Fault read_status_line(std::string_view line, Head& head) noexcept;

}  // namespace mesh::http
