"""A whole edge host for stories: lurkd with two site keys, lurk-agent before it, and stock TLS servers that are
given the files of docs/edge/ with nothing changed but where things lie (PLACES).

The client is the openssl command (rows of options, one handshake), or Python's ssl in memory where there are
many. Every handshake is held against the journal of lurkd: which exchange it took, and that the
ServerHello.random that came over the wire is F(S) as lurkd computed it.
"""

import http.server
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from agent import Agent
from edge_host import MODULE, PRELOAD, Client, Served, environment, listens, make_root, run, take_reports, text_of, wait_for
from server import EDGE_BIN, Server, free_port, make_pki

SNIPPETS = f"{TOP}/docs/edge"
SITE = "www.example"
KEYS = {"rsa": "rsa2048-1", "ecdsa": "p256-1"}  # name in the snippets: key of pki.sh
TLS13, SPLIT = (2, 1), (240, 1)


def places(host, port=0):
    """What a snippet says, and what it becomes here. Who is not root stays who they are."""
    user = "haproxy" if os.geteuid() == 0 and installed("haproxy") else os.getuid()
    mine = [("#  - user: haproxy\n", f"  - user: {user}\n")]
    if os.geteuid() != 0:
        mine.append(("    chroot /var/lib/haproxy\n    user haproxy\n    group haproxy\n", ""))
    return mine + [("/etc/lurk/", f"{host.etc}/"), ("/var/www/html", f"{host.directory}/www"), ("@lurk-agent", host.name),
            ("= lurk.so", f"= {MODULE}"), ("/run/lurk-agent/", f"{host.directory}/"), ("/var/lib/haproxy", host.root),
            ("user: lurk-agent", f"control_socket: {host.directory}/agent-control.sock\n  log_target: stderr\n  admin_port: {host.agent.admin}"),
            ("192.0.2.1", "127.0.0.1"), ("7880", str(host.server.port["tls"])), ("lurkd.example", "localhost"),
            ("*:443", f"127.0.0.1:{port}"), (" :443", f" 127.0.0.1:{port}"), ('":443', f'"127.0.0.1:{port}'),
            ("listen 443", f"listen 127.0.0.1:{port}"),
            ("log /dev/log local0", "log stderr format raw local0"), ("127.0.0.1:8080", f"127.0.0.1:{host.pages}")]


def placed(text, rows):
    """All rows in one pass: what a row has put in is not looked at again (a port 27880 holds the 7880 of another row)."""
    becomes = dict(rows)
    return re.sub("|".join(map(re.escape, becomes)), lambda found: becomes[found[0]], text)


class SnippetAgent(Agent):
    """With docs/edge/lurk-agent.conf; what a story changes stands in text."""

    def __init__(self, host):
        super().__init__(host.directory, host.pki, [("lurkd-1", 0, "tls")])
        self.host, self.text, self.sockets = host, "", [host.name, self.path]

    def write(self):
        self.host.snippet("lurk-agent.conf", self.conf, more=self.text)


class Host:
    """with Host(directory) as host: lurkd and the agent run. lurkd: a directory of its own for what is not on the edge."""

    def __init__(self, directory, uses=("tls12-rsa", "tls12-sign", "tls13-sign", "tls13-client"), lurkd=None, **sections):
        self.directory, self.lurkd = directory, lurkd or directory
        self.etc, self.pki = f"{directory}/etc", f"{self.lurkd}/pki"
        self.name = f"@lurk-story-{os.getpid()}"
        os.chmod(directory, 0o755)
        for name in ("etc/sites", "www"):
            os.makedirs(f"{directory}/{name}")
        self.root = make_root(f"{directory}/empty")
        with open(f"{directory}/www/index.html", "w") as f:
            f.write("hello\n")
        make_pki(self.pki, "rsa2048=1", "p256=1")
        for name, key in KEYS.items():
            self.certify(name, key)
        signs = [use for use in uses if use != "tls12-rsa"]
        keys = {"rsa": (KEYS["rsa"], ", ".join(uses)), "ecdsa": (KEYS["ecdsa"], ", ".join(signs))}
        self.server = Server(self.lurkd, self.pki, keys, transports=("tls",), **sections)
        self.server.rules[0]["require_poo"] = "true"
        self.pages = None
        self.agent = SnippetAgent(self)
        self.conf, self.serves = f"{self.etc}/openssl.cnf", set()
        self.read = 0

    def certify(self, name, key):
        """The site's certificate, and the key file that goes where its private key went."""
        crt = f"{self.pki}/keys/{key}.crt"
        done = run("openssl", "req", "-x509", "-new", "-config", f"{self.pki}/pki.cnf", "-key", f"{self.pki}/keys/{key}.key", "-out", crt,
                   "-days", "9", "-subj", f"/CN={SITE}", "-addext", f"subjectAltName=DNS:{SITE}")
        assert done.returncode == 0, text_of(done)
        shutil.copy(crt, f"{self.etc}/www.{name}.crt")
        os.chmod(f"{self.etc}/www.{name}.crt", 0o644)
        self.key_file(name, f"{self.etc}/www.{name}.key")
        for end in ("crt", "key"):  # nginx-sni.conf: a site of its own a key
            shutil.copy(f"{self.etc}/www.{name}.{end}", f"{self.etc}/sites/{name}.example.{end}")

    def key_file(self, name, path, *options):
        done = run(f"{EDGE_BIN}/lurkctl", "edge", "key", *options, "-o", path, f"{self.etc}/www.{name}.crt")
        assert done.returncode == 0, text_of(done)
        return path

    def local_keys(self):
        """The private keys themselves, and OpenSSL as it is: the harness without lurk."""
        self.conf = "/dev/null"
        for name, key in KEYS.items():
            shutil.copy(f"{self.pki}/keys/{key}.key", f"{self.etc}/www.{name}.key")
            os.chmod(f"{self.etc}/www.{name}.key", 0o644)

    def snippet(self, name, path=None, port=0, more="", change=()):
        with open(f"{SNIPPETS}/{name}") as f:
            text = f.read()
        text = placed(text, places(self, port))
        for old, new in change:
            text = text.replace(old, new)
        path = path or f"{self.etc}/{name}"
        with open(path, "w") as f:
            f.write(text + more)
        return path

    def __enter__(self):
        try:
            self.backend()
            self.server.start()
            for name in ("edge-1.crt", "edge-1.key", "ca.crt", "crl.pem"):
                shutil.copy(f"{self.pki}/{name}", f"{self.etc}/{name.replace('edge-1', 'edge')}")
            self.agent.start()
            self.snippet("openssl.cnf", self.conf)
            stream = edge.Stream("127.0.0.1", self.server.port["tls"], self.pki, "edge-1")
            self.serves = set(edge.lurk_capabilities(stream)[0])
            stream.close()
        except BaseException:
            self.stop()
            raise
        return self

    def backend(self):
        """What HAProxy has behind it."""
        class Page(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "6")
                self.end_headers()
                self.wfile.write(b"hello\n")

            def log_message(self, *_):
                pass

        self.page_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.page_server.handle_error = lambda *_: None  # HAProxy resets what it has done with
        self.pages = self.page_server.server_port
        threading.Thread(target=self.page_server.serve_forever, daemon=True).start()

    def stop(self):
        self.agent.stop()
        self.server.stop()
        take_reports(self.root)
        if self.pages:
            self.page_server.shutdown()
            self.page_server.server_close()

    def __exit__(self, *_):
        self.stop()

    # --- what lurkd says ----------------------------------------------------------------------

    def uses(self, count, seconds=20):
        """The next count uses of keys in the journal; fewer if no more come in time, more if they are there."""
        until, seen = time.monotonic() + seconds, []
        while True:
            with open(f"{self.lurkd}/state/audit.log", "rb") as f:
                f.seek(self.read)
                data = f.read()
            whole = data[:data.rfind(b"\n") + 1]
            self.read += len(whole)
            seen += [row for row in map(json.loads, whole.splitlines()) if "exchange" in row]
            if len(seen) >= count or time.monotonic() > until:
                return seen
            time.sleep(0.01)

    def log(self):
        return self.server.log_text()


# --- programs: each by its own snippet, and around it what the distribution's own files have -----------


class Program(Served):
    def __init__(self, host, name, arguments, port, log=None, conf=None, **more):
        self.name, self.error_log = name, log
        super().__init__(arguments, port, conf or host.conf, **more)

    def said(self):
        """Its log, wherever it writes it."""
        text = self.text()
        if self.error_log and os.path.exists(self.error_log):
            with open(self.error_log, errors="replace") as f:
                text += f.read()
        return text


def place_of(host, name):
    at = f"{host.directory}/{name}-{len(os.listdir(host.directory))}"
    os.makedirs(at)
    os.chmod(at, 0o755)
    return at


def nginx(host, snippet="nginx.conf", main="", http="", conf=None, change=(), workers=1):
    port, at = free_port(), place_of(host, "nginx")
    host.snippet(snippet, f"{at}/site.conf", port, change=change)
    temps = " ".join(f"{what}_temp_path {at}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(f"{at}/nginx.conf", "w") as f:
        f.write(f"daemon off; pid {at}/pid; error_log {at}/error.log info; worker_processes {workers}; user www-data;\n{main}\n"
                f"events {{ }}\nhttp {{ access_log off; {temps} {http}\ninclude {at}/site.conf; }}\n")
    return Program(host, "nginx", ["nginx", "-c", f"{at}/nginx.conf"], port, f"{at}/error.log", conf)


def haproxy(host, more="", conf=None, change=(), mode="-db"):
    port, at = free_port(), place_of(host, "haproxy")
    host.snippet("haproxy.cfg", f"{at}/haproxy.cfg", port, change=change)
    with open(f"{at}/more.cfg", "w") as f:
        f.write(f"global\n  nbthread 2\n  stats socket {at}/stats.sock level admin\n{more}\n")
    program = Program(host, "haproxy", ["haproxy", mode, "-f", f"{at}/more.cfg", "-f", f"{at}/haproxy.cfg"], port, None, conf)
    program.stats = f"{at}/stats.sock"
    return program


def apache(host, more="", conf=None, change=()):
    port, at = free_port(), place_of(host, "apache")
    host.snippet("apache.conf", f"{at}/site.conf", port, change=change)
    modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
                        for name in ("mpm_event", "authz_core", "mime", "socache_shmcb", "ssl", "dir"))
    with open(f"{at}/apache2.conf", "w") as f:
        f.write(f"ServerRoot {at}\nDefaultRuntimeDir {at}\nPidFile {at}/pid\nErrorLog {at}/error.log\nLogLevel info\nUser www-data\n"
                f"Group www-data\nServerName localhost\nTypesConfig /etc/mime.types\n{modules}\n"
                f"SSLSessionCache shmcb:{at}/cache(512000)\nListen 127.0.0.1:{port}\n{more}\nInclude {at}/site.conf\n")
    return Program(host, "apache2", ["/usr/sbin/apache2", "-DFOREGROUND", "-f", f"{at}/apache2.conf"], port, f"{at}/error.log", conf)


def lighttpd(host, more="", conf=None, change=()):
    port, at = free_port(), place_of(host, "lighttpd")
    host.snippet("lighttpd.conf", f"{at}/site.conf", port, change=change)
    with open(f"{at}/lighttpd.conf", "w") as f:
        f.write(f'server.document-root = "{host.directory}/www"\nserver.port = {free_port()}\nserver.bind = "127.0.0.1"\n'
                f'index-file.names = ( "index.html" )\nserver.errorlog = "{at}/error.log"\n{more}\ninclude "{at}/site.conf"\n')
    return Program(host, "lighttpd", ["/usr/sbin/lighttpd", "-D", "-f", f"{at}/lighttpd.conf"], port, f"{at}/error.log", conf)


def installed(program):
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is not None


# --- one handshake -------------------------------------------------------------------------------------

REQUEST = b"GET /index.html HTTP/1.0\r\nHost: www.example\r\n\r\n"
NO_EMS = "openssl_conf=i\n[i]\nssl_conf=s\n[s]\nsystem_default=d\n[d]\nOptions=-ExtendedMasterSecret\n"
ECDHE_RSA, ECDHE_ECDSA, RSA = "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", "AES128-GCM-SHA256"
ROWS = {
    # name: (options of s_client, extension that lurkd must serve, exchange, kind of certificate, extended master secret)
    # RSA+SHA256 too: HAProxy 2.6 finds its RSA certificate by that alone.
    "tls13_rsa": (["-tls1_3", "-sigalgs", "RSA-PSS+SHA256:RSA+SHA256"], TLS13, "tls13.s_init_cert_verify", "rsa", True),
    "tls13_ecdsa": (["-tls1_3", "-sigalgs", "ECDSA+SHA256"], TLS13, "tls13.s_init_cert_verify", "ecdsa", True),
    "tls12_ecdhe_rsa": (["-tls1_2", "-cipher", ECDHE_RSA], None, "tls12.ecdhe", "rsa", True),
    "tls12_ecdhe_ecdsa": (["-tls1_2", "-cipher", ECDHE_ECDSA], None, "tls12.ecdhe", "ecdsa", True),
    "tls12_rsa": (["-tls1_2", "-cipher", RSA], None, "tls12.rsa_extended_master", "rsa", True),
    "tls12_rsa_without_ems": (["-tls1_2", "-cipher", RSA], None, "tls12.rsa_master", "rsa", False),
}


def no_ems(host):
    """Configuration of a client that knows no extended master secret."""
    path = f"{host.directory}/no_ems.cnf"
    with open(path, "w") as f:
        f.write(NO_EMS)
    return path


def shake(host, port, options, kind="rsa", ems=True, name=SITE):
    """One handshake of the openssl command, which has to trust the certificate of that kind."""
    names = ["-servername", name] if name else ["-noservername"]
    return Client(host, port, "-CAfile", f"{host.etc}/www.{kind}.crt", "-verify_return_error", *names, *options,
                  conf="/dev/null" if ems else no_ems(host), request=REQUEST)


def is_good(client, program=None):
    """It saw the page; else what both sides said of it, in short."""
    said = program.said()[-600:] if program else ""
    assert client.good, ([line for line in client.text.splitlines() if "error" in line][-3:], said)


def row(host, port, name, remote=True, program=None):
    """A handshake as the row says, and what the journal of lurkd has of it."""
    options, _, exchange, kind, ems = ROWS[name]
    host.uses(0)
    client = shake(host, port, options, kind, ems)
    is_good(client, program)
    assert "Verify return code: 0 (ok)" in client.text, client.text[-1500:]
    if remote:
        is_one_use(host, client, exchange)
    return client


def is_one_use(host, client, exchange):
    seen = host.uses(1)
    assert [(use["exchange"], use["status"]) for use in seen] == [(exchange, 1)], (seen, client.text[-800:])
    assert seen[0]["random"] == client.random()[:32], "ServerHello.random is not F(S) of lurkd"


def rows(story, host, label, start, names=tuple(ROWS), remote=True):
    """The rows on one program; those that lurkd has no exchange for are skipped."""
    try:
        program = start()
    except Exception as fault:
        story.check(f"{label}_starts", lambda: (_ for _ in ()).throw(fault))
        return
    with program:
        for name in names:
            if remote and ROWS[name][1] not in (None, *host.serves):
                story.skip(f"{label}_{name}", "this lurkd does not serve that extension")
            else:
                story.check(f"{label}_{name}", row, host, program.port, name, remote, program)


def proofs(host):
    """Proofs of ownership that lurkd has judged: {(group, held or failed): how many}."""
    found = re.findall(r'^lurk_proofs_total{group="(\w+)",result="(\w+)"} (\d+)$', host.server.get("/metrics"), re.M)
    return {(group, result): int(count) for group, result, count in found}


def proves(host, program, group, name, count=5):
    """Handshakes of TLS 1.2 by that group: so many proofs of it held, none failed, and none was done without."""
    before = proofs(host)
    host.uses(0)
    randoms = [shake(host, program.port, ["-tls1_2", "-cipher", ECDHE_RSA, "-groups", group]).random()[:32] for _ in range(count)]
    seen = host.uses(count)
    assert [(use["exchange"], use["status"], use["random"]) for use in seen] == [("tls12.ecdhe", 1, r) for r in randoms], seen
    assert proofs(host) == {**before, (name, "held"): before[name, "held"] + count}, (before, proofs(host))
    assert not [end for end, number in before.items() if end[1] == "failed" and number], before


def all_prove(story, host, start):
    with start() as program:
        for group, name in (("X25519", "x25519"), ("P-256", "p256"), ("P-384", "p384")):
            story.check(f"proofs_{name}", proves, host, program, group, name)


# --- many handshakes -----------------------------------------------------------------------------------


def context(host, kind=None, version=None, cipher=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in KEYS if kind is None else (kind,):
        c.load_verify_locations(f"{host.etc}/www.{name}.crt")
    if version:
        c.minimum_version = c.maximum_version = version
    if cipher:
        c.set_ciphers(cipher)
    return c


class Fast:
    """A handshake in memory. random: of ServerHello, from the bytes that came."""

    def __init__(self, port, c, get=False, session=None):
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.settimeout(20)
            into, out, seen = ssl.MemoryBIO(), ssl.MemoryBIO(), b""
            tls = c.wrap_bio(into, out, server_hostname=SITE, session=session)
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    s.sendall(out.read())
                    data = s.recv(16384)
                    if not data:
                        raise ConnectionError("closed in the handshake")
                    seen += data
                    into.write(data)
            self.random, self.version, self.cipher = seen[11:43].hex(), tls.version(), tls.cipher()[0]
            assert seen[0] == 22 and seen[5] == 2
            s.sendall(out.read())
            self.page = self.read(tls, s, into, out) if get else b""
            self.session, self.reused = tls.session, tls.session_reused
            self.serial = int(tls.getpeercert()["serialNumber"], 16)

    @staticmethod
    def read(tls, s, into, out):
        tls.write(REQUEST)
        s.sendall(out.read())
        page = b""
        while b"hello" not in page:
            try:
                part = tls.read(16384)
                if not part:
                    break
                page += part
            except ssl.SSLWantReadError:
                data = s.recv(16384)
                if not data:
                    break
                into.write(data)
        return page


def mix(host):
    """Contexts of everything that lurkd serves."""
    v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    contexts = [context(host, "rsa", v12, ECDHE_RSA), context(host, "ecdsa", v12, ECDHE_ECDSA), context(host, "rsa", v12, RSA)]
    plain = context(host, "rsa", v12, RSA)
    plain.options |= 1  # SSL_OP_NO_EXTENDED_MASTER_SECRET
    return contexts + [plain] + ([context(host, None, v13)] * 2 if TLS13 in host.serves else [])


def many(port, contexts, count, threads=6, may_fail=()):
    """count handshakes; (randoms, faults)."""
    randoms, faults, lock, left = [], [], threading.Lock(), iter(range(count))

    def work():
        while True:
            with lock:
                n = next(left, None)
            if n is None:
                return
            try:
                random = Fast(port, contexts[n % len(contexts)]).random
                with lock:
                    randoms.append(random)
            except (OSError, AssertionError) as fault:
                with lock:
                    faults.append(fault)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    unexpected = [fault for fault in faults if not may_fail or not any(text in str(fault) for text in may_fail)]
    assert not unexpected, (len(unexpected), unexpected[0])
    return randoms, faults


def all_are_uses(host, randoms, seconds=30):
    """Each handshake is one use of a key, each use one of these handshakes."""
    seen = host.uses(len(randoms), seconds)
    assert sorted(use["random"] for use in seen if use["status"] == 1) == sorted(r[:32] for r in randoms), \
        (len(seen), len(randoms))


def alert_of(client):
    """The alert that ended a handshake."""
    found = re.search(r"alert ([a-z ]+)(?:: |:)", client.text)
    return found.group(1).strip() if found else None


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def own_kib(pid):
    """Memory of its own; tables of lurkd lie in shared memory, and are touched bit by bit."""
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))
