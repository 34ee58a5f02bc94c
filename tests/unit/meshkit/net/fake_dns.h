#pragma once
// FakeDns: a name server on a UDP port of 127.0.0.1 that answers what it was told to.

#include <ares.h>
#include <uv.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/meshkit/net/loopback.h"

namespace mesh::test {

class FakeDns {
 public:
  explicit FakeDns(Loop& loop) : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_storage raw;
    socklen_t size = kAnyPort.to_sockaddr(raw);
    ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&raw), size);
    size = sizeof raw;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&raw), &size);
    address_ = *net::SocketAddress::from_sockaddr(raw);
    uv_poll_init(loop.raw(), &poll_.create(this)->handle, fd_.get());
    poll_->handle.data = this;
    uv_poll_start(&poll_->handle, UV_READABLE, [](uv_poll_t* poll, int, int) {
      if (auto* self = static_cast<FakeDns*>(poll->data)) self->answer_all();
    });
  }
  ~FakeDns() { poll_.close(); }

  const net::SocketAddress& address() const { return address_; }

  void add_a(const std::string& name, const net::IpAddress& ip, unsigned ttl) {
    records_.push_back({name, ip.is_v4() ? ARES_REC_TYPE_A : ARES_REC_TYPE_AAAA, ttl, ip, {}, 0});
  }
  void add_srv(const std::string& name, const std::string& target, std::uint16_t port,
               unsigned ttl) {
    records_.push_back({name, ARES_REC_TYPE_SRV, ttl, {}, target, port});
  }
  // Names that do not exist carry a SOA record with this TTL.
  void set_negative_ttl(unsigned ttl) { negative_ttl_ = ttl; }
  // Every answer is this failure.
  void fail_with(ares_dns_rcode_t rcode) { rcode_ = rcode; }
  void be_silent() { is_silent_ = true; }

  // How often a name was asked for, with the type behind a blank: "a.b SRV".
  int asked(const std::string& question) { return asked_[question]; }
  int asked_in_all() const { return asked_in_all_; }

 private:
  struct Block {
    uv_poll_t handle;
  };
  struct Record {
    std::string name;
    ares_dns_rec_type_t type;
    unsigned ttl;
    net::IpAddress ip;
    std::string target;
    std::uint16_t port;
  };

  void answer_all() {
    std::uint8_t query[512];
    sockaddr_storage from;
    for (;;) {
      socklen_t size = sizeof from;
      const ssize_t n =
          ::recvfrom(fd_.get(), query, sizeof query, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n <= 0) return;
      answer({query, static_cast<std::size_t>(n)}, from, size);
    }
  }

  void answer(Bytes query, const sockaddr_storage& to, socklen_t size) {
    ares_dns_record_t* question = nullptr;
    if (ares_dns_parse(query.data(), query.size(), 0, &question) != ARES_SUCCESS) return;
    const char* name = nullptr;
    ares_dns_rec_type_t type{};
    ares_dns_class_t cls{};
    ares_dns_record_query_get(question, 0, &name, &type, &cls);
    ++asked_[std::string(name) + " " + ares_dns_rec_type_tostr(type)];
    ++asked_in_all_;
    if (!is_silent_) send(ares_dns_record_get_id(question), name, type, to, size);
    ares_dns_record_destroy(question);
  }

  void send(unsigned short id, const std::string& name, ares_dns_rec_type_t type,
            const sockaddr_storage& to, socklen_t size) {
    bool exists = false;
    for (const Record& record : records_) exists = exists || record.name == name;
    const auto rcode = exists || rcode_ != ARES_RCODE_NOERROR ? rcode_ : ARES_RCODE_NXDOMAIN;
    ares_dns_record_t* reply = nullptr;
    ares_dns_record_create(&reply, id, ARES_FLAG_QR | ARES_FLAG_RD | ARES_FLAG_RA,
                           ARES_OPCODE_QUERY, rcode);
    ares_dns_record_query_add(reply, name.c_str(), type, ARES_CLASS_IN);
    bool found = false;
    for (const Record& record : records_)
      if (record.name == name && record.type == type && rcode == ARES_RCODE_NOERROR) {
        found = true;
        add(reply, record);
      }
    if (!found && negative_ttl_ != 0) add_soa(reply);
    unsigned char* wire = nullptr;
    std::size_t length = 0;
    ares_dns_write(reply, &wire, &length);
    ::sendto(fd_.get(), wire, length, 0, reinterpret_cast<const sockaddr*>(&to), size);
    ares_free_string(wire);
    ares_dns_record_destroy(reply);
  }

  static void add(ares_dns_record_t* reply, const Record& record) {
    ares_dns_rr_t* rr = nullptr;
    ares_dns_record_rr_add(&rr, reply, ARES_SECTION_ANSWER, record.name.c_str(), record.type,
                           ARES_CLASS_IN, record.ttl);
    if (record.type == ARES_REC_TYPE_SRV) {
      ares_dns_rr_set_u16(rr, ARES_RR_SRV_PORT, record.port);
      ares_dns_rr_set_str(rr, ARES_RR_SRV_TARGET, record.target.c_str());
    } else if (record.type == ARES_REC_TYPE_A) {
      in_addr addr;
      std::copy(record.ip.bytes().begin(), record.ip.bytes().end(),
                reinterpret_cast<std::uint8_t*>(&addr));
      ares_dns_rr_set_addr(rr, ARES_RR_A_ADDR, &addr);
    } else {
      ares_in6_addr addr;
      std::copy(record.ip.bytes().begin(), record.ip.bytes().end(),
                reinterpret_cast<std::uint8_t*>(&addr));
      ares_dns_rr_set_addr6(rr, ARES_RR_AAAA_ADDR, &addr);
    }
  }

  void add_soa(ares_dns_record_t* reply) const {
    ares_dns_rr_t* rr = nullptr;
    ares_dns_record_rr_add(&rr, reply, ARES_SECTION_AUTHORITY, "test", ARES_REC_TYPE_SOA,
                           ARES_CLASS_IN, 3600);
    ares_dns_rr_set_str(rr, ARES_RR_SOA_MNAME, "ns.test");
    ares_dns_rr_set_str(rr, ARES_RR_SOA_RNAME, "admin.test");
    ares_dns_rr_set_u32(rr, ARES_RR_SOA_MINIMUM, negative_ttl_);
  }

  Descriptor fd_;
  Handle<Block> poll_;
  net::SocketAddress address_;
  std::vector<Record> records_;
  ares_dns_rcode_t rcode_ = ARES_RCODE_NOERROR;
  unsigned negative_ttl_ = 0;
  bool is_silent_ = false;
  std::map<std::string, int> asked_;
  int asked_in_all_ = 0;
};

}  // namespace mesh::test
