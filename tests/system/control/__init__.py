"""A control plane for tests: it speaks the proxy API and answers from memory."""
