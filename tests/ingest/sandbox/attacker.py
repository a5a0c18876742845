"""A zygote for tests: beside the product's steps it has one that does what a document would, once it had taken over its reader."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from ingest.reading import steps
from ingest.sandbox import zygote

SPEAK = {"hello": True}


def make_socket(_):
    socket.socket(socket.AF_INET)


def tcp(values):
    socket.socket(socket.AF_INET).connect(("127.0.0.1", values["port"]))


def udp(values):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", values["port"]))


def unix(values):
    socket.socket(socket.AF_UNIX).connect(values["path"])


def read_file(values):
    return Path(values["path"]).read_text()


def list_root(_):
    return list(Path("/").iterdir())


def see_file(values):
    return Path(values["path"]).stat().st_size


def write_file(values):
    Path(values["path"] + ".new").write_text("x")


def make_folder(values):
    Path(values["path"] + ".d").mkdir()


def list_processes(_):
    return list(Path("/proc").iterdir())


def signal_parent(values):
    os.kill(values["pid"], 0)


def execute(_):
    os.execv(sys.executable, ["python", "-c", ""])


def run_program(_):
    subprocess.run(["/bin/true"], check=True)


def fork(_):
    if os.fork() == 0:
        os._exit(0)


def trace(values):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(0x4206, values["pid"], 0, 0) < 0:  # PTRACE_SEIZE
        raise OSError(ctypes.get_errno(), "ptrace")


def new_namespace(_):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000) < 0:
        raise OSError(ctypes.get_errno(), "unshare")


def see_environment(_):
    return sorted(os.environ)


def see_descriptors(_):
    found = []
    for descriptor in range(3, 16):
        try:
            found.append(oct(os.fstat(descriptor).st_mode))
        except OSError:
            continue
    return found


def see_no_new_privileges(_):
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.prctl(39, 0, 0, 0, 0)  # PR_GET_NO_NEW_PRIVS


def change_document(values):
    return os.write(values["document"], b"forged")


def fill_memory(_):
    kept = []
    while True:
        kept.append(b"x" * (32 << 20))


def fill_memory_natively(_):
    # As a C++ library does that gets no memory: it says so, and aborts.
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def spin(_):
    while True:
        pass


def sleep(_):
    time.sleep(600)


def abort(_):
    os.abort()


def fault(_):
    ctypes.string_at(0)


def end_quietly(_):
    os._exit(0)


def raise_error(_):
    raise ValueError("a parser's own error")


ACTS = {name: act for name, act in list(globals().items()) if callable(act) and getattr(act, "__module__", "") == __name__}


def attack(document, values, limits, send):
    send(SPEAK)
    try:
        got = ACTS[values["act"]]({**values, "document": document})
    except (OSError, KeyError) as error:
        send({"error": getattr(error, "errno", None), "kind": type(error).__name__})
    else:
        send({"got": repr(got)})


def forge(document, values, limits, send):
    """Answers that are none: raw bytes, straight into the pipe."""
    raw = bytes.fromhex(values["raw"])
    # The pipe is the one descriptor that can be written to and is no file.
    for descriptor in range(3, 16):
        try:
            os.write(descriptor, raw)
            return
        except OSError:
            continue


if __name__ == "__main__":
    zygote.run({**steps.STEPS, "attack": attack, "forge": forge}, steps.warm)
