#include "proxy/init/program_run.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <array>
#include <cstring>

#include "proxy/init/file_descriptor.h"

namespace mesh::init {
namespace {

// Files in memory rather than pipes: neither side can wait for the other.
FileDescriptor memory_file() { return FileDescriptor(::memfd_create("mesh-init", MFD_CLOEXEC)); }

bool fill(const FileDescriptor& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(file.number(), text.data(), text.size());
    if (size < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return ::lseek(file.number(), 0, SEEK_SET) == 0;
}

std::string contents(const FileDescriptor& file) {
  std::string text;
  std::array<char, 4096> piece{};
  if (::lseek(file.number(), 0, SEEK_SET) != 0) return text;
  for (ssize_t size = 0; (size = ::read(file.number(), piece.data(), piece.size())) > 0;)
    text.append(piece.data(), static_cast<std::size_t>(size));
  return text;
}

struct StandardFiles {
  FileDescriptor input = memory_file();
  FileDescriptor output = memory_file();
  FileDescriptor errors = memory_file();

  bool are_open() const { return input.is_open() && output.is_open() && errors.is_open(); }
};

// errno of the attempt; 0 when `child` runs.
int spawn(const std::vector<std::string>& command, const StandardFiles& files, pid_t& child) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  std::array<char*, 2> environment{path.data(), nullptr};

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, files.input.number(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, files.output.number(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, files.errors.number(), STDERR_FILENO);
  const int result =
      ::posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Outcome<ProgramResult> run_program(const std::vector<std::string>& command,
                                   std::string_view input) {
  const StandardFiles files;
  if (!files.are_open() || !fill(files.input, input))
    return failed(std::string("cannot make a file in memory: ") + std::strerror(errno), errno);

  pid_t child = -1;
  if (const int fault = spawn(command, files, child); fault != 0)
    return failed("cannot run " + command[0] + ": " + std::strerror(fault), fault);
  const int status = wait_for(child);
  return ProgramResult{status, contents(files.output), contents(files.errors)};
}

}  // namespace mesh::init
