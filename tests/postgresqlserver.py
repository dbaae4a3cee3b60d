"""A real PostgreSQL server that lives as long as the tests, on a socket in a folder, and addresses of labs on it.

``pytest tests/system --database postgresql`` keeps the tables of all labs of `smalllab.new_lab` there.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from galvanaut.core.labdatabase import usual

LABS = "GALVANAUT_TEST_SERVER"
"""Environment variable: on which server labs are begun; empty for SQLite."""
MISSING = "pgserver is in the dependency group postgresql"


class Server:
    """See the module.

    Attributes:
        url: of its database, without a lab; ends in a parameter.
    """

    def __init__(self, folder):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where there is no XDG_RUNTIME_DIR
            import pgserver

        self._pgserver, self.folder = pgserver, folder
        self._server = pgserver.get_server(folder)
        given = sa.make_url(self._server.get_uri())
        self.socket = given.query["host"]
        self.url = f"postgresql+psycopg://{given.username}@/{given.database}?host={self.socket}"

    def restart(self, how="fast"):
        """``immediate`` is what a power cut would be."""
        self._control("-w", "-m", how, "-l", str(self.folder / "log"), "restart")

    @contextmanager
    def away(self):
        """Not there while inside."""
        self._control("-w", "-m", "fast", "stop")
        try:
            yield
        finally:
            self._control("-w", "-o", '-h ""', "-o", f"-k {self.socket}", "-l", str(self.folder / "log"), "start")

    def psql(self, command):
        """Run by the owner of the server."""
        return self._server.psql(command)

    def add_user(self, name, password):
        """Somebody who may make labs and has to say a password."""
        self.psql(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'; GRANT CREATE ON DATABASE postgres TO {name}")
        rules = self.folder / "pg_hba.conf"
        rules.write_text(f"local all {name} scram-sha-256\n{rules.read_text()}")
        self._control("reload")
        return self.url.replace("//postgres@", f"//{name}@")

    def _control(self, *arguments):
        self._pgserver.pg_ctl(list(arguments), pgdata=self.folder, user=self._server.system_user, timeout=30)

    def end(self):
        self._server.cleanup()


@contextmanager
def running():
    """A server while inside."""
    folder = Path(tempfile.mkdtemp(prefix="galvanaut-"))
    server = Server(folder)
    try:
        yield server
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


def lab_url(server_url):
    """The address of a lab that nobody has begun."""
    return usual(f"{server_url}&lab=t{secrets.token_hex(6)}", "test")


def begin(config, stack):
    """Start the server that ``--database postgresql`` asks for; the processes of pytest-xdist find it."""
    if config.getoption("--database") != "postgresql" or LABS in os.environ:
        return
    try:
        server = stack.enter_context(running())
    except ImportError:
        return  # `reason_to_skip` says it to each test
    except subprocess.SubprocessError as error:
        raise SystemExit(f"the PostgreSQL server for the tests does not start: {error}") from error
    os.environ[LABS] = server.url
    stack.callback(os.environ.pop, LABS)


def reason_to_skip(config):
    """Why a test cannot run as asked; None if it can."""
    wanted = config.getoption("--database") == "postgresql"
    return MISSING if wanted and LABS not in os.environ else None
