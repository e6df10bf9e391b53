"""detour.py -- A way to a controller on which what an agent says can be held up: it arrives late, whole and in order."""

import contextlib
import socket
import threading

from izar_lab import Lab

import sockets

PORT = 7443
BLOCK = 1 << 16


class Detour:
    """At a node, from entering to leaving the block; `address` is what its agent connects to instead of the controller."""

    def __init__(self, lab: Lab, node: str, controller: str) -> None:
        self._lab = lab
        self._node = node
        self._controller = controller
        self._passes = threading.Event()
        self._passes.set()
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.address = f"127.0.0.1:{PORT}"

    def __enter__(self) -> "Detour":
        with sockets.inside(self._lab, self._node):
            self._listener = socket.create_server(("127.0.0.1", PORT))
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.let_pass()
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes who waits for it
        for thread in self._threads:
            thread.join()
        for end in (self._listener, *self._ends):
            end.close()

    def hold(self) -> None:
        """From now on nothing of what the agent says gets further; it hears the controller as before."""
        self._passes.clear()

    def let_pass(self) -> None:
        """What was held up arrives, and what comes after it."""
        self._passes.set()

    def _run(self, *call: object) -> None:
        thread = threading.Thread(target=call[0], args=call[1:])
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = sockets.connect(self._lab, self._node, self._controller, PORT)
                far.settimeout(None)
                self._ends += [near, far]
                self._run(self._pass_on, near, far, self._passes)
                self._run(self._pass_on, far, near, None)

    def _pass_on(self, source: socket.socket, sink: socket.socket, when: threading.Event | None) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(BLOCK):
                if when is not None:
                    when.wait()
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)
