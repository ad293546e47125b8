"""An edge host for stories: key files and OpenSSL configurations for lurk.so, unmodified nginx and HAProxy that
serve TLS with them, and the openssl command as a client that knows nothing of lurk and says what it saw.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from pretended_agent import Agent
from server import EDGE_BIN, free_port, make_pki

MODULE = os.path.abspath(f"{EDGE_BIN}/../lib/lurk.so")
WAIT_MS = 1500
PRELOAD = os.environ.get("LURK_EDGE_PRELOAD")  # of sanitized.sh, as the next one
REPORTS = os.environ.get("LURK_EDGE_REPORTS")
KEYS = ("rsa2048-1", "rsa2048-2", "p256-1", "p384-1", "ed25519-1", "rsapss2048-1")


def environment(conf, **more):
    """Of a program with this OpenSSL configuration. An instrumented lurk.so wants its run-time libraries there first;
    what stock programs leak is not looked at."""
    if PRELOAD and conf != "/dev/null":
        more = {"LD_PRELOAD": PRELOAD, "ASAN_OPTIONS": f"{os.environ['ASAN_OPTIONS']}:detect_leaks=0", **more}
    return {**os.environ, "OPENSSL_CONF": conf, **more}


def run(*arguments, conf="/dev/null", data=None, timeout=20):
    return subprocess.run(arguments, input=data, capture_output=True, timeout=timeout, env=environment(conf))


def text_of(done):
    return (done.stdout + done.stderr).decode(errors="replace")


def make_root(path):
    """A directory to end up in by chroot, where a sanitizer finds the place for its report."""
    os.makedirs(path, exist_ok=True)
    if REPORTS:
        os.makedirs(path + REPORTS, exist_ok=True)
        os.chmod(path + REPORTS, 0o1777)
    return path


def take_reports(root):
    if REPORTS:
        shutil.copytree(root + REPORTS, REPORTS, dirs_exist_ok=True)


def wait_for(what, condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"{what} did not come about in {seconds} s"
        time.sleep(0.01)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class World:
    def __init__(self, directory, agent=Agent):
        """agent: what answers; None: the story brings its own."""
        self.directory, self.pki = directory, make_pki(f"{directory}/pki", *(k[:-2] + f"={2 if k == KEYS[0] else 1}"
                                                                             for k in KEYS if k != KEYS[1]))
        os.chmod(directory, 0o755)
        self.agent_name = f"@lurk-story-{os.getpid()}"
        self.agent = agent(self.agent_name, [self.key(k) for k in KEYS], [self.crt(k) for k in KEYS]) if agent else None
        for name in KEYS:
            for label, options in (("ref", []), ("std", ["--standard-label"])):
                done = run(f"{EDGE_BIN}/lurkctl", "edge", "key", "-o", f"{directory}/{name}.{label}", *options, self.crt(name))
                assert done.returncode == 0, text_of(done)
        self.sign = self.conf("sign", mode="sign", layers=False)
        self.full = self.conf("full", mode="full")

    def key(self, name):
        return f"{self.pki}/keys/{name}.key"

    def crt(self, name):
        return f"{self.pki}/keys/{name}.crt"

    def ref(self, name, label="ref"):
        return f"{self.directory}/{name}.{label}"

    def trace(self, name):
        with open(f"{self.directory}/{name}.trace") as f:
            return f.read()

    def conf(self, name, layers=True, order=("default", "lurk"), **settings):
        path = f"{self.directory}/{name}.cnf"
        settings = {"agent": self.agent_name, "wait_ms": WAIT_MS, "trace": f"{self.directory}/{name}.trace", **settings}
        lines = ["openssl_conf = openssl_init", "[openssl_init]", "providers = providers"]
        if layers:
            lines += ["alg_section = algs", "random = random"]
        lines += ["[providers]", *(f"{p} = {p}_section" for p in order), "[default_section]", "activate = 1",
                  "[lurk_section]", f"module = {MODULE}", "activate = 1", *(f"{k} = {v}" for k, v in settings.items()),
                  "[algs]", "default_properties = ?lurk.tls=yes", "[random]", "random = LURK-RAND"]
        with open(path, "w") as f:
            f.write("\n".join(lines) + "\n")
        return path


class Served:
    """A program that serves TLS on a port, for the length of a with statement."""

    def __init__(self, arguments, port, conf, **more):
        self.port = port
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        start_new_session=True, env=environment(conf, **more))
        try:
            wait_for(f"{arguments[0]} on its port", lambda: self.process.poll() is not None or listens(port))
            assert self.process.poll() is None
        except AssertionError:
            self.stop()
            raise AssertionError(self.said())

    def text(self):
        """By pread: the program writes where the position of the file is, which it shares with this process."""
        fd = self.log.fileno()
        return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")

    def said(self):
        """All that it has logged: a program with a file for that has a said of its own."""
        return self.text()

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def nginx(world, conf, *names, label="ref", extra="", groups="X25519:P-256:P-384:P-521:X448"):
    port, at = free_port(), f"{world.directory}/nginx"
    os.makedirs(at, exist_ok=True)
    pairs = "".join(f"ssl_certificate {world.crt(n)}; ssl_certificate_key {world.ref(n, label)};\n" for n in names)
    with open(f"{at}/nginx.conf", "w") as f:
        f.write(f"""daemon off; pid {at}/pid; error_log {at}/error.log info; worker_processes 1;
events {{ }}
http {{ access_log off; client_body_temp_path {at}/t1; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3;
uwsgi_temp_path {at}/t4; scgi_temp_path {at}/t5;
server {{ listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=1;
ssl_ecdh_curve {groups}; ssl_session_cache shared:s:1m;
{pairs}{extra} return 200 "hello\\n"; }} }}""")
    return Served(["nginx", "-c", f"{at}/nginx.conf"], port, conf)


def haproxy(world, conf, name, extra=""):
    port, at = free_port(), f"{world.directory}/haproxy"
    os.makedirs(at, exist_ok=True)
    with open(f"{at}/bundle.pem", "wb") as f:
        for path in (world.crt(name), world.ref(name)):
            with open(path, "rb") as part:
                f.write(part.read())
    with open(f"{at}/haproxy.cfg", "w") as f:
        f.write(f"""global
  maxconn 500
  nbthread 2
  {extra}
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
frontend f
  bind 127.0.0.1:{port} ssl crt {at}/bundle.pem
  http-request return status 200 content-type text/plain string "hello"
""")
    return Served(["haproxy", "-db", "-f", f"{at}/haproxy.cfg"], port, conf)


class Client:
    """One handshake by the openssl command, and what it saw."""

    def __init__(self, world, port, *options, conf="/dev/null", get=True, request=b"GET / HTTP/1.0\r\n\r\n"):
        keylog = f"{world.directory}/keylog.{threading.get_ident()}"
        if os.path.exists(keylog):
            os.unlink(keylog)
        # The request goes at once; the answer ends the connection, and with it the command.
        done = run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-msg", "-keylogfile", keylog, "-ign_eof",
                   *options, conf=conf, data=request if get else b"")
        self.text = text_of(done)
        self.good = "hello" in self.text
        self.keys = {}
        if os.path.exists(keylog):
            with open(keylog) as f:
                self.keys = {line.split()[0]: line.split()[2] for line in f if line[0] != "#"}

    def random(self):
        """Of the last ServerHello."""
        found = re.findall(r"<<< .*ServerHello\n((?:    .*\n)+)", self.text)
        assert found, self.text[:2000]
        return bytes.fromhex(found[-1].replace("\n", " ").replace(" ", ""))[6:38].hex()
