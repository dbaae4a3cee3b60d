"""Native chatter is dropped, our own output is not."""

import ctypes

from galvanaut.campaigns.quiet import native_output_dropped


def test_only_what_is_printed_inside_by_native_code_is_lost(capfd):
    libc = ctypes.CDLL(None)
    print("before")
    with native_output_dropped():
        libc.puts(b"chatter")
    libc.puts(b"after")
    libc.fflush(None)
    assert capfd.readouterr().out == "before\nafter\n"
