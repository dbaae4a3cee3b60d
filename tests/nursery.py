"""Run as a process: imports the program once, then forks a child for each request, which saves its imports' seconds.

A request is a line of JSON: ``argv`` of `galvanaut`, ``code`` to be run before, ``death`` (see `deaths.Death`) or null,
``said`` (file of what it prints), ``acknowledged`` (file of what it says is on disk), ``seen`` (file of how often which
phase came by) and ``environment``. The answer is a line with its process's number, then a line with its exit code,
negative for a signal.
"""

import json
import os
import sys
import traceback
from importlib import import_module

PRELOADED = (
    "galvanaut.flows.cli",
    "galvanaut.flows.lab",
    "galvanaut.flows.run",
    "galvanaut.simulators.bench",
    "pyarrow.parquet",
    "sklearn.gaussian_process",
)


def child(request):
    """Never returns."""
    import deaths
    from galvanaut.flows.cli import main

    code = 1
    try:
        sink = os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        sys.stdout.reconfigure(line_buffering=True)
        os.environ.update(request["environment"])
        deaths.plant(request)
        exec(request["code"], {})
        sys.argv = ["galvanaut", *request["argv"]]
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        deaths.leave()
        sys.stdout.flush()
        os._exit(code)


def serve():
    for name in PRELOADED:
        import_module(name)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
