#pragma once
// Machine: what the container (or the host) lets this process have.
//
// Limits come from the cgroup that the process is in, and from all above it: version 2
// (memory.max, cpu.max), else version 1 (memory.limit_in_bytes, cpu.cfs_quota_us).

#include <cstdint>
#include <optional>
#include <string>

namespace mesh {

struct Machine {
  unsigned cores = 1;                         // that may be run on: processors, quota rounded up
  std::optional<std::uint64_t> memory_bytes;  // none: no limit
};

// Small files of the kernel, by path; an interface so that tests bring their own.
class KernelFiles {
 public:
  virtual std::optional<std::string> read(const std::string& path) const = 0;

 protected:
  ~KernelFiles() = default;
};

// `processors`: those that the scheduler may use for us.
Machine machine_from(const KernelFiles& files, unsigned processors);
Machine this_machine();

}  // namespace mesh
