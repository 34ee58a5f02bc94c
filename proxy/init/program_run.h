#pragma once
// ProgramRun: another program, run to its end with a given standard input.

#include <string>
#include <string_view>
#include <vector>

#include "proxy/init/failure.h"

namespace mesh::init {

struct ProgramResult {
  int status = 0;  // exit code, or 128 + the signal that ended it
  std::string output;
  std::string errors;
};

// Waits for the end. The environment of the program is empty but for PATH, as this program may
// have been given capabilities that its caller has not. `command` is a path and its arguments.
Outcome<ProgramResult> run_program(const std::vector<std::string>& command, std::string_view input);

}  // namespace mesh::init
