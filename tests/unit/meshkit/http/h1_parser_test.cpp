#include "meshkit/http/h1_parser.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/meshkit/http/h1_transcript.h"

namespace mesh::http {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using h1test::requests;
using h1test::responses;

// The reason why a request with these fields, and whatever follows them, is refused.
std::string fault_in(std::string_view fields, std::string_view version = "1.1") {
  std::string text = "POST / HTTP/";
  text.append(version).append("\r\n").append(fields);
  const std::string seen = requests(text);
  const std::size_t at = seen.find("fault ");
  if (at == std::string::npos) return "none: " + seen;
  return seen.substr(at + 6, seen.size() - at - 7);
}

std::string fault_in_chunks(std::string_view chunks) {
  return fault_in("transfer-encoding: chunked\r\n\r\n"s.append(chunks));
}

}  // namespace

TEST_SUITE("http/h1_parser") {
  TEST_CASE("reads requests one after the other") {
    CHECK(requests("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                   "POST /b HTTP/1.1\r\nContent-Length: 5\r\nX:  y z \t\r\n\r\nhello"
                   "GET /c HTTP/1.0\r\n\r\n") ==
          "GET /a host=h none\nend\n"
          "POST /b content-length=5 x=y z length\nbody: hello\nend\n"
          "GET /c none close\nend\n");
  }

  TEST_CASE("reads chunks and their trailers, and drops extensions") {
    CHECK(requests("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
                   "5\r\nhello\r\n006;a=b;c=\"d;\\\"e\"\r\n world\r\n0;last\r\n"
                   "X-Sum: 1\r\nX-Empty:\r\n\r\n"
                   "GET / HTTP/1.1\r\n\r\n") ==
          "POST / transfer-encoding=Chunked chunked\nbody: hello world\n"
          "trailers x-sum=1 x-empty=\nend\n"
          "GET / none\nend\n");
    CHECK(
        requests(
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n") ==
        "POST / transfer-encoding=chunked chunked\nbody: 0123456789\nend\n");
  }

  TEST_CASE("forgives one line break before a message, not two") {
    CHECK(requests("\r\nGET / HTTP/1.1\r\n\r\n\r\n") == "GET / none\nend\n");
    CHECK(requests("\r\n\r\nGET / HTTP/1.1\r\n\r\n") == "fault 400 method\n");
    CHECK(requests("\nGET / HTTP/1.1\r\n\r\n") == "fault 400 bare_lf\n");
  }

  TEST_CASE("knows when the connection may go on") {
    const auto closes = [](const std::string& request) {
      return requests(request + "\r\n").find(" close\n") != std::string::npos;
    };
    CHECK_FALSE(closes("GET / HTTP/1.1\r\n"));
    CHECK(closes("GET / HTTP/1.1\r\nConnection: a, CLOSE\r\n"));
    CHECK(closes("GET / HTTP/1.1\r\nConnection: keep-alive, close\r\n"));
    CHECK(closes("GET / HTTP/1.0\r\n"));
    CHECK_FALSE(closes("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n"));
  }

  TEST_CASE("takes CONNECT and upgrades for tunnels") {
    CHECK(requests("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\nraw \n bytes") ==
          "CONNECT h:1 host=h tunnel\nbody: raw \n bytes\nend\n");
    CHECK(requests("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x01") ==
          "GET / connection=Upgrade upgrade=websocket tunnel\nbody: \x01\nend\n");
  }

  TEST_CASE("withdraws an upgrade that cannot be granted, and reads the request as it is without") {
    CHECK(requests("GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                   "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n") ==
          "GET / connection=Upgrade, HTTP2-Settings none\nend\n");
    CHECK(
        requests(
            "POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\na") ==
        "POST / connection=Upgrade content-length=1 length\nbody: a\nend\n");
    CHECK(requests("POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n") ==
          "POST / connection=Upgrade transfer-encoding=chunked chunked\nbody: a\nend\nGET / "
          "none\nend\n");
  }

  TEST_CASE("refuses malformed tunnels") {
    CHECK(requests("CONNECT h:1 HTTP/1.1\r\ncontent-length: 0\r\n\r\n") ==
          "fault 400 connect_with_body\n");
    CHECK(requests("CONNECT h:1 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n") ==
          "fault 400 connect_with_body\n");
    CHECK(requests("CONNECT h:1 HTTP/1.1\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n") ==
          "fault 400 connect_with_upgrade\n");
    CHECK(requests("GET / HTTP/1.0\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n") ==
          "fault 400 upgrade_http10\n");
  }

  TEST_CASE("refuses every second length") {
    CHECK(fault_in("content-length: 5\r\ncontent-length: 6\r\n\r\n") == "400 two_lengths");
    CHECK(fault_in("content-length: 5\r\nContent-Length: 5\r\n\r\n") == "400 two_lengths");
    CHECK(fault_in("content-length: 5, 5\r\n\r\n") == "400 two_lengths");
    CHECK(fault_in("content-length: 5,\r\n\r\n") == "400 two_lengths");
    CHECK(fault_in("content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n") ==
          "400 length_and_chunked");
    CHECK(fault_in("transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n") ==
          "400 length_and_chunked");
    CHECK(fault_in("transfer-encoding: x\r\ncontent-length: 0\r\n\r\n") ==
          "400 length_and_chunked");
  }

  TEST_CASE("refuses lengths that are not digits alone, or too many") {
    for (const auto bad : {"+5"sv, "-5"sv, "0x5"sv, "5_0"sv, "5 5"sv, ""sv, "5a"sv, "5.0"sv,
                           "\"5\""sv, "99999999999999999999"sv, "1000000000000000000"sv})
      CHECK_MESSAGE(fault_in("content-length: "s.append(bad) + "\r\n\r\n") == "400 length_syntax",
                    bad);
    CHECK(requests("POST / HTTP/1.1\r\ncontent-length: 003\r\n\r\nabc") ==
          "POST / content-length=003 length\nbody: abc\nend\n");
  }

  TEST_CASE("refuses transfer codings but one chunked") {
    const auto coding = [](const char* value) {
      return fault_in("transfer-encoding: "s + value + "\r\n\r\n");
    };
    CHECK(coding("gzip") == "501 transfer_coding");
    CHECK(coding("gzip, chunked") == "501 transfer_coding");
    CHECK(coding("identity") == "501 transfer_coding");
    CHECK(coding("chunkedx") == "501 transfer_coding");
    CHECK(coding("\"chunked\"") == "501 transfer_coding");
    CHECK(coding("chunked;q=1") == "501 transfer_coding");
    CHECK(coding("chunked, gzip") == "400 chunked_not_last");
    CHECK(coding("chunked, chunked") == "400 chunked_not_last");
    CHECK(coding("chunked,") == "400 chunked_not_last");
    CHECK(coding(", chunked") == "400 transfer_encoding_list");
    CHECK(coding("") == "400 transfer_encoding_empty");
    CHECK(coding("\x0b chunked") == "400 field_value");
    CHECK(fault_in("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n") ==
          "400 chunked_not_last");
    CHECK(fault_in("transfer-encoding: chunked\r\ntransfer-encoding: gzip\r\n\r\n") ==
          "400 chunked_not_last");
    CHECK(fault_in("transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n\r\n") ==
          "501 transfer_coding");
    CHECK(fault_in("transfer-encoding: chunked\r\n\r\n", "1.0") == "400 transfer_encoding_http10");
  }

  TEST_CASE("refuses line breaks that are not CRLF") {
    CHECK(requests("GET / HTTP/1.1\nhost: a\r\n\r\n") == "fault 400 bare_lf\n");
    CHECK(fault_in("a: b\nc: d\r\n\r\n") == "400 bare_lf");
    CHECK(fault_in("a: b\r\n\n") == "400 bare_lf");
    CHECK(fault_in("a: b\rc: d\r\n\r\n") == "400 bare_cr");
    CHECK(fault_in("a: b\r\n\rc: d\r\n\r\n") == "400 bare_cr");
    CHECK(fault_in("a: b\r\r\n\r\n") == "400 bare_cr");
  }

  TEST_CASE("refuses blanks where parsers disagree about them") {
    CHECK(fault_in("a: b\r\n c\r\n\r\n") == "400 obs_fold");
    CHECK(fault_in("a: b\r\n\tc\r\n\r\n") == "400 obs_fold");
    CHECK(fault_in("a:\r\n b\r\n\r\n") == "400 obs_fold");
    CHECK(fault_in(" a: b\r\n\r\n") == "400 leading_space");
    CHECK(fault_in("\ta: b\r\n\r\n") == "400 leading_space");
    CHECK(fault_in("a : b\r\n\r\n") == "400 space_before_colon");
    CHECK(fault_in("a\t: b\r\n\r\n") == "400 space_before_colon");
    CHECK(fault_in("content-length : 5\r\n\r\n") == "400 space_before_colon");
    CHECK(fault_in("transfer-encoding : chunked\r\n\r\n") == "400 space_before_colon");
  }

  TEST_CASE("refuses control characters and names that are no token") {
    for (int c = 0; c < 256; ++c) {
      if (c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0x7f)) continue;
      CAPTURE(c);
      CHECK(fault_in("a: b"s + static_cast<char>(c) + "c\r\n\r\n") == "400 field_value");
      CHECK(fault_in("a"s + static_cast<char>(c) + "b: c\r\n\r\n") == "400 field_name");
    }
    CHECK(fault_in(": b\r\n\r\n") == "400 field_name");
    CHECK(fault_in("a\r\n\r\n") == "400 field_name");
    CHECK(fault_in("a(b): c\r\n\r\n") == "400 field_name");
    CHECK(fault_in("\xe9: c\r\n\r\n") == "400 field_name");
    CHECK(requests("GET / HTTP/1.1\r\na: \xe9\xff\tb\r\n\r\n") ==
          "GET / a=\xe9\xff\tb none\nend\n");
  }

  TEST_CASE("refuses a second Host and one that is none, and passes a request without") {
    CHECK(fault_in("host: a\r\nhost: a\r\n\r\n") == "400 two_hosts");
    for (const auto bad :
         {"a b"sv, "a, b"sv, "a:x"sv, "a:99999"sv, "http://a"sv, "a/b"sv, "u@a"sv, "a,b"sv})
      CHECK_MESSAGE(fault_in("host: "s.append(bad) + "\r\n\r\n") == "400 host_syntax", bad);
    CHECK(requests("GET / HTTP/1.1\r\nhost:\r\n\r\n") == "GET / host= none\nend\n");
    CHECK(requests("GET / HTTP/1.1\r\nhost: [::1]:80\r\n\r\n") ==
          "GET / host=[::1]:80 none\nend\n");
    CHECK(requests("GET / HTTP/1.1\r\n\r\n") == "GET / none\nend\n");
  }

  TEST_CASE("refuses chunk sizes that are not hexadecimal digits alone, or too many") {
    for (const auto bad : {"0x5"sv, "+5"sv, "-5"sv, "5_0"sv, " 5"sv, "5 "sv, "5\t"sv, "g"sv, ""sv,
                           ";a"sv, "fffffffffffffffff"sv})
      CHECK_MESSAGE(
          fault_in_chunks(std::string(bad) + "\r\nhello\r\n0\r\n\r\n") == "400 chunk_size", bad);
  }

  TEST_CASE("refuses chunks that do not end where they say") {
    CHECK(fault_in_chunks("5\r\nhelloX0\r\n\r\n") == "400 chunk_end");
    CHECK(fault_in_chunks("5\r\nhello\n0\r\n\r\n") == "400 bare_lf");
    CHECK(fault_in_chunks("5\r\nhello\rX") == "400 chunk_end");
    CHECK(fault_in_chunks("5\nhello\r\n0\r\n\r\n") == "400 bare_lf");
    CHECK(fault_in_chunks("5\rXhello\r\n0\r\n\r\n") == "400 chunk_end");
    CHECK(fault_in_chunks("5\r\nhell") == "400 cut_short");
    CHECK(fault_in_chunks("5\r\nhello\r\n0\r\n") == "400 cut_short");
  }

  TEST_CASE("refuses odd chunk extensions, and too many") {
    CHECK(fault_in_chunks("5;\r\nhello\r\n0\r\n\r\n") == "400 chunk_extension");
    CHECK(fault_in_chunks("5;a\nhello\r\n0\r\n\r\n") == "400 bare_lf");
    CHECK(fault_in_chunks("5;a=\"b\r\n\"\r\nhello\r\n") == "400 chunk_extension");
    CHECK(fault_in_chunks("5;a=b\x01\r\nhello\r\n") == "400 chunk_extension");
    CHECK(fault_in_chunks("5;a\rX\r\nhello\r\n") == "400 chunk_end");
    std::string many;
    for (int i = 0; i < 300; ++i) many += "1;some-extension\r\na\r\n";
    CHECK(fault_in_chunks(many) == "400 chunk_extension");
  }

  TEST_CASE("refuses trailers that change framing, routing or identity") {
    for (const auto field : {"content-length: 5"sv, "transfer-encoding: chunked"sv, "host: b"sv,
                             "connection: close"sv, "l5d-client-id: me"sv, "te: trailers"sv})
      CHECK_MESSAGE(fault_in_chunks("0\r\n"s.append(field) + "\r\n\r\n") == "400 trailer_field",
                    field);
    CHECK(fault_in_chunks("0\r\na : b\r\n\r\n") == "400 space_before_colon");
    CHECK(fault_in_chunks("0\r\na: b\r\n c\r\n\r\n") == "400 obs_fold");
    CHECK(fault_in_chunks("0\r\n\n") == "400 bare_lf");
  }

  TEST_CASE("says when a message is cut short") {
    for (const auto part : {"G"sv, "GET / HTTP/1.1\r\n"sv, "GET / HTTP/1.1\r\nhost: a\r\n"sv})
      CHECK(requests(part) == "fault 400 cut_short\n");
    CHECK(fault_in("content-length: 5\r\n\r\nhell") == "400 cut_short");
    CHECK(requests("").empty());
  }

  TEST_CASE("bounds lines, heads, fields and trailers") {
    H1Limits limits;
    limits.line_bytes = 100;
    limits.head_bytes = 1000;
    limits.fields = 5;
    const std::string fits(100 - 15, 'p');
    const auto get = [&limits](const std::string& path, const std::string& fields) {
      return requests("GET /" + path + " HTTP/1.1\r\n" + fields + "\r\n", limits);
    };
    CHECK(get(fits, "").ends_with("end\n"));
    CHECK(get(fits + "pp", "") == "fault 414 line_too_long\n");
    CHECK(requests(std::string(200, 'G'), limits) == "fault 414 line_too_long\n");

    CHECK(get("", "a: " + std::string(900, 'v') + "\r\n").ends_with("end\n"));
    CHECK(get("", "a: " + std::string(1100, 'v') + "\r\n") == "fault 431 head_too_large\n");
    CHECK(get("", "a: b\r\na: b\r\na: b\r\na: b\r\na: b\r\n").ends_with("end\n"));
    CHECK(get("", "a: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\n") ==
          "fault 431 too_many_fields\n");

    const std::string chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n";
    CHECK(requests(chunked + "a: " + std::string(1100, 'v') + "\r\n\r\n", limits)
              .ends_with("fault 431 head_too_large\n"));
    CHECK(requests(chunked + "a: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\n\r\n", limits)
              .ends_with("fault 431 too_many_fields\n"));
  }

  TEST_CASE("frames responses by their status and by what they answer") {
    CHECK(responses("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi") ==
          "200 content-length=2 length\nbody: hi\nend\n");
    CHECK(responses("HTTP/1.1 200 OK\r\n\r\nuntil\r\n\r\nthe end") ==
          "200 until_end close\nbody: until\r\n\r\nthe end\nend\n");
    CHECK(responses("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\nx") ==
          "200 connection=keep-alive until_end close\nbody: x\nend\n");
    CHECK(responses("HTTP/1.1 204 No\r\n\r\nHTTP/1.1 304 Not\r\ncontent-length: 9\r\n\r\n") ==
          "204 none\nend\n304 content-length=9 none\nend\n");
    CHECK(responses("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", Answering::head) ==
          "200 content-length=9 none\nend\n");
    CHECK(responses("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Answering::head) ==
          "200 transfer-encoding=chunked none\nend\n");
    CHECK(responses(
              "HTTP/1.1 100 Continue\r\n\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") ==
          "100 none\nend\n200 content-length=0 length\nend\n");
  }

  TEST_CASE("a body announced where none can be ends the connection's use") {
    CHECK(responses("HTTP/1.1 204 No\r\ncontent-length: 5\r\n\r\nhello") ==
          "204 none close\nend\n");
    CHECK(responses("HTTP/1.1 204 No\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n") ==
          "204 none close\nend\n");
    CHECK(responses("HTTP/1.1 204 No\r\ncontent-length: 0\r\n\r\n") == "204 none\nend\n");
  }

  TEST_CASE("opens tunnels only for those who asked") {
    CHECK(responses("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nraw", Answering::connect) ==
          "200 tunnel close\nbody: raw\nend\n");
    CHECK(responses("HTTP/1.1 407 No\r\ncontent-length: 2\r\n\r\nno", Answering::connect) ==
          "407 content-length=2 length\nbody: no\nend\n");
    const std::string switching = "HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n\x01";
    CHECK(responses(switching, Answering::upgrade) ==
          "101 connection=upgrade upgrade=x tunnel\nbody: \x01\nend\n");
    CHECK(responses(switching) == "fault 400 unexpected_101\n");
    CHECK(responses("HTTP/1.1 101 S\r\n\r\n", Answering::upgrade) == "fault 400 unexpected_101\n");
    CHECK(responses("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Answering::upgrade) ==
          "200 content-length=0 length\nend\n");
  }

  TEST_CASE("refuses responses that could be split in two ways") {
    for (const auto& [fields, reason] :
         {std::pair{"content-length: 5\r\ncontent-length: 6\r\n", "two_lengths"},
          {"content-length: 5\r\ntransfer-encoding: chunked\r\n", "length_and_chunked"},
          {"transfer-encoding: gzip\r\n", "transfer_coding"},
          {"transfer-encoding: chunked, gzip\r\n", "chunked_not_last"},
          {"a: b\nc: d\r\n", "bare_lf"},
          {"a: b\r\n c\r\n", "obs_fold"}}) {
      const std::string seen = responses("HTTP/1.1 200 OK\r\n"s + fields + "\r\n");
      CHECK_MESSAGE(seen.ends_with(" "s + reason + "\n"), seen);
    }
    CHECK(responses("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n") ==
          "fault 400 transfer_encoding_http10\n");
  }

  TEST_CASE("owns no memory between messages") {
    BlockPool pool;
    const H1Limits limits;
    H1Parser parser(H1Parser::Kind::request, pool, limits);
    const auto feed = [&parser](std::string_view text) {
      Bytes input = as_bytes(text);
      H1Parser::Step step;
      while ((step = parser.next(input)) != H1Parser::Step::more && step != H1Parser::Step::end) {
      }
      return step;
    };

    CHECK(pool.bytes_in_use() == 0);
    CHECK(feed("GET / HT") == H1Parser::Step::more);
    CHECK(pool.bytes_in_use() != 0);
    CHECK(feed("TP/1.1\r\nhost: a\r\n\r\n") == H1Parser::Step::end);
    CHECK(pool.bytes_in_use() == 0);
    parser.begin();
    CHECK(parser.is_idle());
    CHECK(feed("POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\n01234") == H1Parser::Step::more);
    CHECK(pool.bytes_in_use() == 0);
    CHECK(feed("56789") == H1Parser::Step::end);
  }
}

}  // namespace mesh::http
