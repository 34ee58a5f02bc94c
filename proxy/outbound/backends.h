#pragma once
// Backends: the HTTP and TCP backends of one worker, by key, and who uses them.
//
// Targets acquire the backends of their policy and release them when it changes; policies that name
// the same destination share its balancer. A backend that nobody holds and nothing uses is
// forgotten by `sweep`.

#include <memory>
#include <string>
#include <unordered_map>

#include "proxy/outbound/http_backend.h"
#include "proxy/outbound/tcp_backend.h"

namespace mesh::outbound {

class Backends {
 public:
  struct Resources {
    HttpResources& http;
    const TcpResources& tcp;
    discover::Discovery& discovery;
    HttpBackend::Settings http_settings;
    balance::Balancer::Settings tcp_settings;
    EndpointSensors* sensors = nullptr;
  };

  explicit Backends(const Resources& resources) : resources_(resources) {}

  // Each acquire is matched by one release. The backend stays valid at least until then.
  HttpBackend& acquire_http(const std::string& key, const policy::Backend& description,
                            const balance::FailureAccrualConfig& accrual);
  TcpBackend& acquire_tcp(const std::string& key, const policy::Backend& description);
  void release(HttpBackend& backend);
  void release(TcpBackend& backend);

  // About once a second.
  void sweep();

  template <class F>
  void for_each_http(F&& visit) const {
    for (const auto& [key, entry] : http_) visit(key, *entry.backend);
  }
  template <class F>
  void for_each_tcp(F&& visit) const {
    for (const auto& [key, entry] : tcp_) visit(key, *entry.backend);
  }

 private:
  template <class B>
  struct Entry {
    std::unique_ptr<B> backend;
    std::size_t holders = 0;
    bool unused = false;  // at the last sweep
  };

  Resources resources_;
  std::unordered_multimap<std::string, Entry<HttpBackend>> http_;  // one for each breaker setting
  std::unordered_map<std::string, Entry<TcpBackend>> tcp_;
};

}  // namespace mesh::outbound
