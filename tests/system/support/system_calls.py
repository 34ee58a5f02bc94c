"""Kernels that lack something, played by a filter of system calls."""

import ctypes
import platform
import struct


def refusing(call: dict[str, int], arguments: dict[int, int], error: int):
    """For preexec_fn: makes one system call fail with `error` where it has these arguments."""
    def step(code, value, when_true=0, when_false=0):
        return struct.pack("HBBI", code, when_true, when_false, value)

    load, equal, give = 0x20, 0x15, 0x06
    tests = [(0, call[platform.machine()])]  # at offset 0 is the number, from 16 are the arguments
    tests += [(16 + 8 * index, value) for index, value in arguments.items()]
    code = b""
    for left, (offset, value) in zip(range(len(tests), 0, -1), tests):
        code += step(load, offset) + step(equal, value, 0, 2 * left - 1)
    code += step(give, 0x00050000 | error) + step(give, 0x7fff0000)
    instructions = ctypes.create_string_buffer(code, len(code))
    filter_program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(instructions)))

    def install() -> None:
        prctl = ctypes.CDLL(None).prctl
        assert instructions and prctl(22, 2, filter_program) == 0  # PR_SET_SECCOMP, a filter
    return install
