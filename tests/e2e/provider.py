#!/usr/bin/python3
"""lurk.so in unmodified programs: openssl, nginx and HAProxy of the distribution serve TLS with keys that are
only in a pretended agent, which judges every request on its own arithmetic.

The client is the openssl command without lurk; that ServerHello.random is F(S) is seen in the bytes it received.
"""

import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support"]
from pretended_agent import Agent
from server import BIN, Story, free_port, make_pki

MODULE = os.path.abspath(f"{BIN}/../lib/lurk.so")
WAIT_MS = 1500
KEYS = ("rsa2048-1", "rsa2048-2", "p256-1", "p384-1", "ed25519-1", "rsapss2048-1")


def run(*arguments, conf="/dev/null", data=None, timeout=20):
    return subprocess.run(arguments, input=data, capture_output=True, timeout=timeout,
                          env={**os.environ, "OPENSSL_CONF": conf})


def text_of(done):
    return (done.stdout + done.stderr).decode(errors="replace")


def wait_for(what, condition, seconds=10):
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
    def __init__(self, directory):
        self.directory, self.pki = directory, make_pki(f"{directory}/pki", *(k[:-2] + f"={2 if k == KEYS[0] else 1}"
                                                                             for k in KEYS if k != KEYS[1]))
        os.chmod(directory, 0o755)
        self.agent_name = f"@lurk-story-{os.getpid()}"
        self.agent = Agent(self.agent_name, [self.key(k) for k in KEYS])
        for name in KEYS:
            for label, options in (("ref", []), ("std", ["--standard-label"])):
                done = run(f"{BIN}/lurkctl", "edge", "key", "-o", f"{directory}/{name}.{label}", *options, self.crt(name))
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

    def __init__(self, arguments, port, conf, **environment):
        self.port = port
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        start_new_session=True,
                                        env={**os.environ, "OPENSSL_CONF": conf, **environment})
        try:
            wait_for(f"{arguments[0]} on its port", lambda: self.process.poll() is None and listens(port))
        except AssertionError:
            self.stop()
            raise AssertionError(self.text())

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

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

    def __init__(self, world, port, *options, conf="/dev/null", get=True):
        keylog = f"{world.directory}/keylog.{threading.get_ident()}"
        if os.path.exists(keylog):
            os.unlink(keylog)
        # The request goes at once; the answer ends the connection, and with it the command.
        done = run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-msg", "-keylogfile", keylog, "-ign_eof",
                   *options, conf=conf, data=b"GET / HTTP/1.0\r\n\r\n" if get else b"")
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


# --- rows: what a client asks for, and the exchange it takes ---------------------------------------------

ECDHE = "ECDHE-RSA-AES128-GCM-SHA256"
NO_EMS = "[i]\nssl_conf=s\n[s]\nsystem_default=d\n[d]\nOptions=-ExtendedMasterSecret\n"
ROWS = [
    # name, options of the client, exchange in mode full, in mode sign, no extended master secret
    ("tls13_rsa", ["-tls1_3", "-sigalgs", "RSA-PSS+SHA256"], "s_init_cert_verify", "sign_cert_verify", False),
    ("tls13_ecdsa", ["-tls1_3", "-sigalgs", "ECDSA+SHA256"], "s_init_cert_verify", "sign_cert_verify", False),
    ("tls13_sha256", ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], "s_init_cert_verify", "sign_cert_verify",
     False),
    ("tls13_p384", ["-tls1_3", "-groups", "P-384"], "s_init_cert_verify", "sign_cert_verify", False),
    ("ecdhe_rsa", ["-tls1_2", "-cipher", ECDHE], "ecdhe", "sign_ske", False),
    ("ecdhe_rsa_pkcs1", ["-tls1_2", "-cipher", ECDHE, "-sigalgs", "RSA+SHA256"], "ecdhe", "sign_ske", False),
    ("ecdhe_ecdsa", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"], "ecdhe", "sign_ske", False),
    ("ecdhe_p256", ["-tls1_2", "-cipher", ECDHE, "-groups", "P-256"], "ecdhe", "sign_ske", False),
    ("ecdhe_p384", ["-tls1_2", "-cipher", ECDHE, "-groups", "P-384"], "ecdhe", "sign_ske", False),
    ("ecdhe_p521", ["-tls1_2", "-cipher", ECDHE, "-groups", "P-521"], "ecdhe", "sign_ske", False),
    ("ecdhe_x448", ["-tls1_2", "-cipher", ECDHE, "-groups", "X448"], "ecdhe", "sign_ske", False),
    ("rsa_ems", ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "rsa_extended_master", "rsa_premaster", False),
    ("rsa_ems_sha384", ["-tls1_2", "-cipher", "AES256-GCM-SHA384"], "rsa_extended_master", "rsa_premaster", False),
    ("rsa_no_ems", ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "rsa_master", "rsa_premaster", True),
    ("rsa_cbc", ["-tls1_2", "-cipher", "AES128-SHA"], "rsa_extended_master", "rsa_premaster", False),
]


def one_call(world, port, options, exchange, no_ems=False, fresh=True):
    conf = f"{world.directory}/noems.cnf" if no_ems else "/dev/null"
    world.agent.take()
    client = Client(world, port, *options, conf=conf)
    seen = world.agent.take()
    assert [row.get("exchange") for row in seen] == [exchange], (seen, client.text[-1500:])
    assert client.good and "fault" not in seen[0], (seen, client.text[-1500:])
    if fresh:
        assert client.random() == seen[0]["random"], "ServerHello.random is not F(S)"
    if exchange == "s_init_cert_verify":
        assert client.keys["SERVER_HANDSHAKE_TRAFFIC_SECRET"] == seen[0]["server_traffic"], "another shared secret"
    return client, seen[0]


def matrix(story, world, mode, conf):
    with open(f"{world.directory}/noems.cnf", "w") as f:
        f.write("openssl_conf=i\n" + NO_EMS)
    with nginx(world, conf, "rsa2048-1", "p256-1") as served:
        for name, options, full, sign, no_ems in ROWS:
            exchange = full if mode == "full" else sign
            story.check(f"nginx_{mode}_{name}", one_call, world, served.port, options, exchange, no_ems, mode == "full")


def other_keys(world, conf, mode):
    for name, options in (("p384-1", ["-groups", "X25519:P-384"]), ("ed25519-1", []), ("rsapss2048-1", [])):
        for version, full, sign in (("-tls1_3", "s_init_cert_verify", "sign_cert_verify"),
                                    ("-tls1_2", "ecdhe", "sign_ske")):
            with nginx(world, conf, name, label="std") as served:
                one_call(world, served.port, [version, *options], full if mode == "full" else sign,
                         fresh=mode == "full")


def retry(world, conf, mode):
    with nginx(world, conf, "p256-1", groups="P-384") as served:
        client, seen = one_call(world, served.port, ["-tls1_3", "-groups", "X25519:P-384"],
                                "s_init_cert_verify" if mode == "full" else "sign_cert_verify", fresh=mode == "full")
        assert client.text.count(">>> TLS 1.3, Handshake") and client.text.count(", ClientHello\n") == 2
        if mode == "full":
            assert seen["retried"] and seen["group"] == 24


def resumption(world, conf):
    """A session that is resumed needs no key."""
    for options in (["-tls1_3"], ["-tls1_2", "-cipher", ECDHE], ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
                    ["-tls1_2", "-cipher", ECDHE, "-no_ticket"]):
        session = f"{world.directory}/session"
        with nginx(world, conf, "rsa2048-1") as served:
            first = Client(world, served.port, *options, "-sess_out", session)
            assert first.good and len(world.agent.take()) == 1
            again = Client(world, served.port, *options, "-sess_in", session)
            assert again.good and "Reused, " in again.text, again.text[-1500:]
            assert world.agent.take() == []


def dtls(world, conf):
    """Datagrams: the handshake list has DTLS headers."""
    for cipher, exchange in ((ECDHE, "ecdhe"), ("AES128-GCM-SHA256", "rsa_extended_master")):
        port = free_port(socket.SOCK_DGRAM)
        served = subprocess.Popen(["openssl", "s_server", "-dtls1_2", "-accept", f"127.0.0.1:{port}", "-cert",
                                   world.crt("rsa2048-1"), "-key", world.ref("rsa2048-1"), "-cipher", "ALL"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env={**os.environ, "OPENSSL_CONF": conf})
        try:
            assert served.stdout.readline() and b"ACCEPT" in served.stdout.readline()
            world.agent.take()
            done = run("openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-cipher", cipher, data=b"Q\n")
            seen = world.agent.take()
            assert f"Cipher is {cipher}" in text_of(done), text_of(done)
            assert [row.get("exchange") for row in seen] == [exchange] and "fault" not in seen[0], seen
        finally:
            served.kill()
            served.communicate()


# --- files -------------------------------------------------------------------------------------------------


def exports_one_symbol():
    done = run("nm", "-D", "--defined-only", MODULE)
    assert [line.split()[2] for line in text_of(done).splitlines()] == ["OSSL_provider_init"], text_of(done)
    needed = text_of(run("readelf", "-d", MODULE))
    assert "jemalloc" not in needed and "libssl" not in needed and "liburing" not in needed, needed
    assert "NODELETE" in needed, needed


def keys_show_their_public_half(world):
    for name in KEYS:
        want = text_of(run("openssl", "pkey", "-in", world.key(name), "-pubout"))
        for source in (world.ref(name), world.ref(name, "std"), f"lurk:{world.ref(name)}", f"lurk:{world.crt(name)}"):
            assert text_of(run("openssl", "pkey", "-in", source, "-pubout", conf=world.sign)) == want, source
        done = run("openssl", "storeutl", "-keys", f"lurk:{world.ref(name)}", conf=world.sign)
        assert "Total found: 1" in text_of(done), text_of(done)
    assert world.agent.take() == []


def keys_have_no_private_half(world):
    done = run("openssl", "pkey", "-in", world.ref("p256-1"), conf=world.sign)
    assert b"PRIVATE KEY" not in done.stdout, text_of(done)


def own_keys_are_left_alone(world):
    """Keys and certificates of others in a process with lurk.so: made, read, used, no error left."""
    for conf in (world.sign, world.full):
        for name in KEYS:
            done = run("openssl", "dgst", "-sha256", "-sign", world.key(name), world.crt(name), conf=conf)
            if "25519" not in name:
                assert done.returncode == 0 and not done.stderr, text_of(done)
        for algorithm in ("RSA", "ED25519", "X25519"):
            done = run("openssl", "genpkey", "-algorithm", algorithm, "-quiet", conf=conf)
            assert done.returncode == 0 and b"BEGIN PRIVATE KEY" in done.stdout, text_of(done)
        done = run("openssl", "verify", "-CAfile", world.crt("rsa2048-1"), world.crt("rsa2048-1"), conf=conf)
        assert done.returncode == 0, text_of(done)
    assert world.agent.take() == []


def other_data_is_refused(world):
    """A certificate request is no handshake."""
    names = f"{world.directory}/req.cnf"
    with open(names, "w") as f:
        f.write("[req]\ndistinguished_name=dn\n[dn]\n")
    for conf in (world.sign, world.full):
        done = run("openssl", "req", "-new", "-config", names, "-key", world.ref("p256-1"), "-subj", "/CN=x", conf=conf)
        assert done.returncode != 0 and "certificate requests need the key itself" in text_of(done), text_of(done)
    assert world.agent.take() == []


def bad_key_files_say_why(world):
    with open(world.ref("p256-1")) as f:
        lines = f.read().splitlines()
    path = f"{world.directory}/bad.ref"
    der = bytearray(base64.b64decode("".join(lines[1:-1])))

    def write(body):
        with open(path, "w") as f:
            f.write("\n".join([lines[0], base64.b64encode(bytes(body)).decode(), lines[-1]]) + "\n")
    def refused(say):
        done = run("openssl", "pkey", "-in", path, "-pubout", conf=world.sign)
        assert done.returncode != 0 and say in world.trace("sign"), (text_of(done), world.trace("sign")[-500:])

    write(der[:-1])
    refused("cut short")
    at = der.index(bytes([4, 32])) + 2
    der[at] ^= 1
    write(der)
    refused("key id is not that of the public key")


def bad_settings_say_why(world):
    for setting, value, say in (("mode", "half", "want full or sign"), ("agent", "lurk", "want /path or @name"),
                                ("wait_ms", "0", "50 to 60000"), ("fallback", "guess", "want refuse or sign")):
        conf = world.conf("bad", layers=False, **{setting: value})
        done = run("openssl", "pkey", "-in", world.ref("p256-1"), "-pubout", conf=conf)
        assert done.returncode != 0 and b"PUBLIC KEY" not in done.stdout
        assert say in world.trace("bad"), world.trace("bad")


# --- what goes wrong ---------------------------------------------------------------------------------------


def fails_then_works(world, served, spoil, mend, say, conf_name):
    world.agent.take()
    spoil()
    began = time.monotonic()
    client = Client(world, served.port, "-tls1_3")
    took = time.monotonic() - began
    mend()
    assert not client.good and "internal error" in client.text, client.text[-1500:]
    assert say in world.trace(conf_name), world.trace(conf_name)[-1500:]
    assert Client(world, served.port, "-tls1_3").good
    return took


def set_agent(world, **conditions):
    for name, value in conditions.items():
        setattr(world.agent, name, value)


def agent_without_servers(world, conf):
    with nginx(world, conf, "p256-1") as served:
        fails_then_works(world, served, lambda: set_agent(world, outcome=1), lambda: set_agent(world, outcome=0),
                         "no healthy key server", "full")


def agent_that_does_not_answer(world, conf):
    """The wait is bounded, and the next handshake works."""
    with nginx(world, conf, "p256-1") as served:
        took = fails_then_works(world, served, lambda: set_agent(world, deaf=True), lambda: set_agent(world, deaf=False),
                                "no answer in time", "full")
        assert WAIT_MS / 1000 <= took < WAIT_MS / 1000 + 2, took


def agent_that_goes_with_a_request(world, conf):
    """The same bytes go to its successor."""
    with nginx(world, conf, "p256-1") as served:
        world.agent.take()
        world.agent.close_next = True
        assert Client(world, served.port, "-tls1_3").good
        assert [row["exchange"] for row in world.agent.take()] == ["closed", "s_init_cert_verify"]


def agent_that_was_away(world, conf):
    """Idle connections that ended meanwhile are no failure."""
    with nginx(world, conf, "p256-1") as served:
        assert Client(world, served.port, "-tls1_3").good
        world.agent.drop()
        assert Client(world, served.port, "-tls1_3").good


def without_layers(world):
    """Mode full where RAND, KDF and digests are not configured: refused or signed, as configured."""
    for fallback, works in (("refuse", False), ("sign", True)):
        name = f"bare-{fallback}"
        conf = world.conf(name, layers=False, mode="full", fallback=fallback)
        with nginx(world, conf, "rsa2048-1") as served:
            for options, exchange in ((["-tls1_3"], "sign_cert_verify"), (["-tls1_2", "-cipher", ECDHE], "sign_ske"),
                                      (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "rsa_premaster")):
                world.agent.take()
                assert Client(world, served.port, *options).good is works
                assert [row["exchange"] for row in world.agent.take()] == ([exchange] if works else [])
            assert world.trace(name).count("self-check failed:") == 2, world.trace(name)


def key_file_decides(world):
    """Options of the key file stand before the provider's settings."""
    path = world.ref("p384-1", "own")
    done = run(f"{BIN}/lurkctl", "edge", "key", "-m", "sign", "-a", world.agent_name, "-o", path, world.crt("p384-1"))
    assert done.returncode == 0, text_of(done)
    conf = world.conf("elsewhere", agent="@lurk-nobody", mode="full")
    with nginx(world, conf, "p384-1", label="own") as served:
        one_call(world, served.port, ["-tls1_3", "-groups", "X25519:P-384"], "sign_cert_verify", fresh=False)


def reload(world, conf):
    with nginx(world, conf, "p256-1") as served:
        one_call(world, served.port, ["-tls1_3"], "s_init_cert_verify")
        before = children(served.process.pid)
        os.kill(served.process.pid, signal.SIGHUP)
        wait_for("a new worker", lambda: children(served.process.pid) and not before & children(served.process.pid))
        one_call(world, served.port, ["-tls1_3"], "s_init_cert_verify")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return set(f.read().split())


def key_by_variable(world, conf):
    for name in ("p256-1",):
        for path, as_name in ((world.crt(name), "v.crt"), (world.ref(name), "v.key")):
            shutil.copy(path, f"{world.directory}/{as_name}")
            os.chmod(f"{world.directory}/{as_name}", 0o644)
    extra = f"ssl_certificate {world.directory}/$ssl_server_name.crt; ssl_certificate_key {world.directory}/$ssl_server_name.key;"
    with nginx(world, conf, extra=extra) as served:
        for _ in range(3):
            one_call(world, served.port, ["-tls1_3", "-servername", "v"], "s_init_cert_verify")


def many(world, port, count, options):
    """count handshakes, eight at a time; each has to be good."""
    results, lock = [], threading.Lock()

    def some(n):
        for _ in range(n):
            client = Client(world, port, *options)
            with lock:
                results.append(client)

    threads = [threading.Thread(target=some, args=(count // 8,)) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    bad = [c.text[-400:] for c in results if not c.good]
    assert not bad, (len(bad), bad[0])
    return results


def all_fresh(world, clients):
    """Each ServerHello.random is the F(S) of one request."""
    seen = {row["random"] for row in world.agent.take()}
    assert len(seen) == len(clients)
    assert {c.random() for c in clients} == seen


def haproxy_handshakes(world, conf, extra, options):
    world.agent.take()
    with haproxy(world, conf, "rsa2048-1", extra) as served:
        set_agent(world, delay_s=0.02)
        try:
            all_fresh(world, many(world, served.port, 40, options))
        finally:
            set_agent(world, delay_s=0)


def haproxy_deaf(world, conf):
    """A paused job is woken when the time is up."""
    with haproxy(world, conf, "rsa2048-1", "ssl-mode-async") as served:
        took = fails_then_works(world, served, lambda: set_agent(world, deaf=True), lambda: set_agent(world, deaf=False),
                                "no answer in time", "full")
        assert WAIT_MS / 1000 <= took < WAIT_MS / 1000 + 2, took


def haproxy_agent_goes(world, conf):
    with haproxy(world, conf, "rsa2048-1", "ssl-mode-async") as served:
        world.agent.take()
        world.agent.close_next = True
        assert Client(world, served.port, "-tls1_3").good
        assert [row["exchange"] for row in world.agent.take()] == ["closed", "s_init_cert_verify"]


def haproxy_chroot(world, conf):
    if os.getuid() != 0:
        return
    empty = f"{world.directory}/empty"
    os.makedirs(empty, exist_ok=True)
    with haproxy(world, conf, "rsa2048-1", f"ssl-mode-async\n  chroot {empty}\n  user nobody\n  group nogroup") as served:
        one_call(world, served.port, ["-tls1_3"], "s_init_cert_verify")


def aborted(world, conf):
    """Clients that leave while their handshake waits harm nobody, and cost no descriptor."""
    with haproxy(world, conf, "rsa2048-1", "ssl-mode-async") as served:
        assert Client(world, served.port, "-tls1_3").good
        before = descriptors(served.process.pid)
        set_agent(world, delay_s=0.2)
        hello = recorded_hello(world)
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", served.port)) as s:
                s.sendall(hello)
        set_agent(world, delay_s=0)
        for _ in range(5):
            assert Client(world, served.port, "-tls1_3").good
        wait_for("no more descriptors than before", lambda: descriptors(served.process.pid) <= before + 4)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def recorded_hello(world):
    """A ClientHello record, as the openssl command sends it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        port = listener.getsockname()[1]
        client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        connection, _ = listener.accept()
        data = connection.recv(16384)
        connection.close()
        client.wait()
        return data


def client_certificate(world):
    """A key file on the client's side, under TLS 1.3."""
    for conf in (world.sign, world.full):
        port = free_port()
        with Served(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", world.crt("rsa2048-2"), "-key",
                     world.key("rsa2048-2"), "-Verify", "1", "-CAfile", world.crt("p256-1"), "-www"], port, "/dev/null") as served:
            world.agent.take()
            done = run("openssl", "s_client", "-connect", f"127.0.0.1:{served.port}", "-tls1_3", "-cert", world.crt("p256-1"),
                       "-key", world.ref("p256-1"), conf=conf, data=b"GET / HTTP/1.0\r\n\r\n")
            seen = world.agent.take()
            assert [row.get("exchange") for row in seen] == ["sign_cert_verify"] and seen[0]["role"] == 1, (seen, text_of(done))


def traces_have_no_secret(world):
    """Neither shared secrets, nor S, nor premasters: there is no line of that many hex digits."""
    for name in os.listdir(world.directory):
        if name.endswith(".trace"):
            assert not re.search(r"[0-9a-f]{32}", world.trace(name[:-6])), name


def main():
    story = Story()
    with tempfile.TemporaryDirectory() as directory:
        world = World(directory)
        story.check("module_exports_one_symbol", exports_one_symbol)
        story.check("keys_show_their_public_half", keys_show_their_public_half, world)
        story.check("keys_have_no_private_half", keys_have_no_private_half, world)
        story.check("own_keys_are_left_alone", own_keys_are_left_alone, world)
        story.check("other_data_is_refused", other_data_is_refused, world)
        story.check("bad_key_files_say_why", bad_key_files_say_why, world)
        story.check("bad_settings_say_why", bad_settings_say_why, world)
        for mode, conf in (("sign", world.sign), ("full", world.full)):
            matrix(story, world, mode, conf)
            story.check(f"other_keys_{mode}", other_keys, world, conf, mode)
            story.check(f"retry_{mode}", retry, world, conf, mode)
            story.check(f"resumption_{mode}", resumption, world, conf)
        story.check("dtls", dtls, world, world.full)
        story.check("client_certificate", client_certificate, world)
        story.check("without_layers", without_layers, world)
        story.check("key_file_decides", key_file_decides, world)
        story.check("reload", reload, world, world.full)
        story.check("key_by_variable", key_by_variable, world, world.full)
        story.check("agent_without_servers", agent_without_servers, world, world.full)
        story.check("agent_that_does_not_answer", agent_that_does_not_answer, world, world.full)
        story.check("agent_that_goes_with_a_request", agent_that_goes_with_a_request, world, world.full)
        story.check("agent_that_was_away", agent_that_was_away, world, world.full)
        for name, options in (("tls13", ["-tls1_3"]), ("ecdhe", ["-tls1_2", "-cipher", ECDHE]),
                              ("rsa", ["-tls1_2", "-cipher", "AES128-GCM-SHA256"])):
            story.check(f"haproxy_async_{name}", haproxy_handshakes, world, world.full, "ssl-mode-async", options)
        story.check("haproxy_blocking", haproxy_handshakes, world, world.full, "", ["-tls1_3"])
        story.check("haproxy_async_deaf_agent", haproxy_deaf, world, world.full)
        story.check("haproxy_async_agent_goes", haproxy_agent_goes, world, world.full)
        story.check("haproxy_chroot", haproxy_chroot, world, world.full)
        story.check("haproxy_async_aborted", aborted, world, world.full)
        story.check("traces_have_no_secret", traces_have_no_secret, world)
        world.agent.close()
    story.end()


main()
