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
from importlib import import_module
from pathlib import Path

import sqlalchemy as sa

from galvanaut.core.labdatabase import usual

LABS = "GALVANAUT_TEST_SERVER"
"""Environment variable: on which server labs are begun; empty for SQLite."""
MISSING = "pgserver and psycopg are in the dependency group postgresql; with psycopg Debian's postgresql will do, too"
PACKAGE = Path("/usr/lib/postgresql")
"""Of Debian."""


class Server:
    """See the module. Its programs are those of pgserver.

    Attributes:
        url: of its database, without a lab; ends in a parameter.
    """

    def __init__(self, folder):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where there is no XDG_RUNTIME_DIR
            import pgserver

        self._pgserver, self.folder = pgserver, folder
        self._server = pgserver.get_server(folder, cleanup_mode=None)
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
        self._control("-w", "-m", "immediate", "stop")  # pgserver does not know the process after a restart


class PackagedServer(Server):
    """The same with the programs of Debian's package, which bring what Prefect wants."""

    def __init__(self, folder):
        found = sorted(PACKAGE.glob("*/bin/initdb"))
        if not found:
            raise ImportError(PACKAGE)
        self._programs = found[-1].parent
        self._user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
        self.socket, self.folder = str(folder), folder / "data"
        if self._user:
            shutil.chown(folder, self._user)
            folder.chmod(0o755)
        self._run("initdb", "-D", self.folder, "-A", "trust", "-U", "postgres", "-E", "utf8", "--no-sync")
        self._control("-w", "-o", "-h ''", "-o", f"-k {self.socket}", "-l", str(self.folder / "log"), "start")
        self.url = f"postgresql+psycopg://postgres@/postgres?host={self.socket}"

    def psql(self, command):
        return self._run("psql", "-U", "postgres", "-h", self.socket, given=command)

    def _control(self, *arguments):
        self._run("pg_ctl", "-D", self.folder, *arguments)

    def _run(self, program, *arguments, given=""):
        command = [str(each) for each in (self._programs / program, *arguments)]
        with tempfile.TemporaryFile("w+") as said:  # not a pipe, which the server would hold open
            subprocess.run(
                command, input=given, stdout=said, text=True, check=True, timeout=60, cwd="/", user=self._user
            )
            said.seek(0)
            return said.read()

    def end(self):
        self._control("-m", "immediate", "stop")


def started(folder):
    """A server of whatever is installed.

    Raises:
        ImportError: nothing is.
    """
    import_module("psycopg")
    try:
        return Server(folder)
    except ImportError:
        return PackagedServer(folder)


@contextmanager
def running(start=started):
    """A server while inside; errors as of `started`."""
    folder = Path(tempfile.mkdtemp(prefix="galvanaut-"))
    server = start(folder)
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
