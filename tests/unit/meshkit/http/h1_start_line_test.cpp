#include "meshkit/http/h1_start_line.h"

#include <doctest/doctest.h>

#include <string>

namespace mesh::http {
namespace {

using namespace std::string_view_literals;

// "" when the line is accepted, else the reason.
std::string fault_in_request(std::string_view line) {
  BlockPool pool;
  Head head(pool);
  return read_request_line(line, head).reason;
}
std::string fault_in_status(std::string_view line) {
  BlockPool pool;
  Head head(pool);
  return read_status_line(line, head).reason;
}

}  // namespace

TEST_SUITE("http/h1_start_line") {
  TEST_CASE("reads the origin form, whatever the method") {
    BlockPool pool;
    Head head(pool);

    CHECK_FALSE(read_request_line("X-Custom! /a/b?c=d HTTP/1.1", head));

    CHECK(head.method() == "X-Custom!");
    CHECK(head.path() == "/a/b?c=d");
    CHECK(head.authority().empty());
    CHECK(head.version == Version::http11);
    CHECK_FALSE(head.absolute_form);
  }

  TEST_CASE("takes the absolute form apart") {
    BlockPool pool;
    Head head(pool);

    CHECK_FALSE(read_request_line("GET HTTP://Host.test:8080/p?q HTTP/1.0", head));
    CHECK(head.absolute_form);
    CHECK(head.scheme() == "http");
    CHECK(head.authority() == "Host.test:8080");
    CHECK(head.path() == "/p?q");
    CHECK(head.version == Version::http10);

    head.clear();
    CHECK_FALSE(read_request_line("GET https://[::1] HTTP/1.1", head));
    CHECK(head.scheme() == "https");
    CHECK(head.authority() == "[::1]");
    CHECK(head.path() == "/");

    head.clear();
    CHECK_FALSE(read_request_line("OPTIONS http://host HTTP/1.1", head));
    CHECK(head.path() == "*");
  }

  TEST_CASE("takes an authority for CONNECT and only for it") {
    BlockPool pool;
    Head head(pool);

    CHECK_FALSE(read_request_line("CONNECT host:443 HTTP/1.1", head));
    CHECK(head.authority() == "host:443");
    CHECK(head.path().empty());

    CHECK(fault_in_request("CONNECT host HTTP/1.1") == "connect_target");
    CHECK(fault_in_request("CONNECT / HTTP/1.1") == "connect_target");
    CHECK(fault_in_request("CONNECT http://host:80/ HTTP/1.1") == "connect_target");
    CHECK(fault_in_request("CONNECT host:443/ HTTP/1.1") == "connect_target");
    CHECK(fault_in_request("GET host:443 HTTP/1.1") == "target");
  }

  TEST_CASE("takes an asterisk for OPTIONS and only for it") {
    CHECK(fault_in_request("OPTIONS * HTTP/1.1").empty());
    CHECK(fault_in_request("GET * HTTP/1.1") == "target");
    CHECK(fault_in_request("OPTIONS ** HTTP/1.1") == "target");
  }

  TEST_CASE("refuses methods that are no token") {
    for (const auto line :
         {" GET / HTTP/1.1"sv, "GE(T / HTTP/1.1"sv, "GET\t/ HTTP/1.1"sv, "G\0T / HTTP/1.1"sv,
          "\xef\xbb\xbfGET / HTTP/1.1"sv, "\rGET / HTTP/1.1"sv, ""sv, "GET: / HTTP/1.1"sv})
      CHECK(fault_in_request(line) == "method");
  }

  TEST_CASE("refuses versions that it does not speak") {
    for (const auto line :
         {"GET / HTTP/1.2"sv, "GET / HTTP/2.0"sv, "GET / HTTP/0.9"sv, "GET / http/1.1"sv,
          "GET / HTTP/1.1 "sv, "GET / HTTP/1,1"sv, "GET / HTTP/01.1"sv, "GET / HTTP/1.10"sv,
          "GET / HTTPS/1.1"sv, "GET / XTTP/1.1"sv})
      CHECK(fault_in_request(line) == "version");
    CHECK(fault_in_request("GET /") == "request_line");
    CHECK(fault_in_request("GET") == "request_line");
  }

  TEST_CASE("refuses targets that are not one visible word") {
    for (const auto line :
         {"GET  / HTTP/1.1"sv, "GET /  HTTP/1.1"sv, "GET /a b HTTP/1.1"sv, "GET /\t HTTP/1.1"sv,
          "GET /\x7f HTTP/1.1"sv, "GET /\0 HTTP/1.1"sv, "GET /\xe9 HTTP/1.1"sv,
          "GET a/b HTTP/1.1"sv, "GET ? HTTP/1.1"sv, "GET ftp://host/ HTTP/1.1"sv,
          "GET http:/host/ HTTP/1.1"sv, "GET http://host:x/ HTTP/1.1"sv, "GET http:/// HTTP/1.1"sv,
          "GET http://a,b/ HTTP/1.1"sv})
      CHECK_MESSAGE(fault_in_request(line) == "target", line);
    CHECK(fault_in_request("GET /a#b HTTP/1.1") == "fragment");
    CHECK(fault_in_request("GET http://user@host/ HTTP/1.1") == "user_information");
  }

  TEST_CASE("reads status lines with any reason or none") {
    BlockPool pool;
    Head head(pool);

    CHECK_FALSE(read_status_line("HTTP/1.1 200 OK", head));
    CHECK(head.status == 200);
    CHECK(head.version == Version::http11);
    CHECK_FALSE(read_status_line("HTTP/1.0 404", head));
    CHECK(head.status == 404);
    CHECK(head.version == Version::http10);
    CHECK(fault_in_status("HTTP/1.1 999 ").empty());
    CHECK(fault_in_status("HTTP/1.1 500 Gr\xfc\xdf").empty());
  }

  TEST_CASE("refuses status lines that parsers could read in two ways") {
    for (const auto line :
         {"HTTP/1.1"sv, "HTTP/1.1 "sv, "HTTP/1.1 20"sv, "HTTP/1.1 2000"sv, "HTTP/1.1 2x0 OK"sv,
          "HTTP/1.1  200 OK"sv, "HTTP/1.1 099 No"sv, "HTTP/1.1 200OK"sv, "HTTP/1.1\t200 OK"sv,
          "HTTP/1.1 200 O\rK"sv, "HTTP/1.1 200 O\0K"sv, "HTTP/1.1 -20 OK"sv})
      CHECK_MESSAGE(fault_in_status(line) == "status_line", line);
    for (const auto line :
         {"HTTP/2 200"sv, "HTTP/1.2 200 OK"sv, "ICY 200 OK"sv, "http/1.1 200 OK"sv, ""sv})
      CHECK_MESSAGE(fault_in_status(line) == "version", line);
  }
}

}  // namespace mesh::http
