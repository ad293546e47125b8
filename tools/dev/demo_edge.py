"""The edge of make demo: nginx and HAProxy as the distribution has them, with the files of docs/edge/, serve a page
over TLS with an RSA and an ECDSA certificate. The keys of both are in lurkd and nowhere else, which is shown: by its
journal, and by a search of everything the edge has.
"""

import glob
import hashlib
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/e2e"]
import edge_stack
from edge_host import run, text_of
from keybytes import planted_is_found, scan

OWN_KEY = "etc/edge.key"  # of the edge itself, towards lurkd
SHOWN = ("sequence", "exchange", "status", "scheme", "key", "random")
SIGNS = {"rsa": "RSA-PSS+SHA256:RSA+SHA256", "ecdsa": "ECDSA+SHA256"}
# One page of each would do with far less than what the file allows for, and than this machine may allow.
SMALL = (("maxconn 5000", "maxconn 500"), ("ulimit-n 18000", "ulimit-n 2000"))


def key_id(host, kind):
    """As lurkd has it: SHA-256 of the public key."""
    public = run("openssl", "x509", "-in", f"{host.etc}/www.{kind}.crt", "-noout", "-pubkey").stdout
    return hashlib.sha256(run("openssl", "pkey", "-pubin", "-outform", "DER", data=public).stdout).hexdigest()


def fetch(host, program, kind, version):
    """One page by curl, which trusts that one certificate; what it says of the connection."""
    conf = f"{host.directory}/curl-{kind}.cnf"
    with open(conf, "w") as f:
        f.write(f"openssl_conf=i\n[i]\nssl_conf=s\n[s]\nsystem_default=d\n[d]\nSignatureAlgorithms={SIGNS[kind]}\n")
    url = f"{edge_stack.SITE}:{program.port}"
    ciphers = ["--ciphers", f"ECDHE-{kind.upper()}-AES128-GCM-SHA256"] if version == "1.2" else []
    done = run("curl", "-q", "-sSv", "--noproxy", "*", "--max-time", "10", "--cacert", f"{host.etc}/www.{kind}.crt",
               "--resolve", f"{url}:127.0.0.1", f"--tlsv{version}", "--tls-max", version, *ciphers, f"https://{url}/", conf=conf)
    text = text_of(done)
    used = re.search(r"SSL connection using (\S+) / (\S+)", text)
    assert done.returncode == 0 and done.stdout == b"hello\n" and used, \
        f"{program.name}, TLS {version}, {kind}: no page:\n{text[-2000:]}\n{program.said()[-2000:]}"
    print(f"{program.name:8} {used[1]}  {used[2]:29} certificate www.{kind}.crt, page {done.stdout.decode().strip()!r}", flush=True)


def pages(host, programs):
    """Fetches them; each is one use of the key that the certificate is of."""
    newer = edge_stack.TLS13 in host.serves
    ids = {kind: key_id(host, kind) for kind in SIGNS}
    wanted = []
    for program in programs:
        for version in ("1.2", "1.3") if newer else ("1.2",):
            for kind in SIGNS:
                fetch(host, program, kind, version)
                wanted.append((f"tls{version.replace('.', '')}", ids[kind]))
    if not newer:
        print("TLS 1.3 waits: this lurkd does not serve its exchanges")
    seen = host.uses(len(wanted))
    print(f"the journal of lurkd has {len(seen)} uses of keys:")
    for use in seen:
        print("  " + "  ".join(f"{name} {str(use[name])[:32]}" for name in SHOWN))
    got = [(use["exchange"].split(".")[0], use["key"]) for use in seen if use["status"] == 1]
    assert sorted(got) == sorted(wanted), f"the journal has {got}, the pages took {wanted}"


def processes(host, programs):
    """Name and number of every process of the edge."""
    leaders = {program.process.pid: program.name for program in programs}
    leaders[host.agent.process.pid] = "lurk-agent"
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                session = int(f.read().rsplit(")", 1)[1].split()[3])
        except OSError:
            continue  # it has ended
        if session in leaders:
            yield leaders[session], path.split("/")[2]


def no_key_in_files(host, tool, keys):
    """As PEM, and as the numbers themselves."""
    paths = [path for path in glob.glob(f"{host.directory}/**", recursive=True, include_hidden=True) if os.path.isfile(path)]
    holds = set()
    for path in paths:
        with open(path, "rb") as f:
            data = f.read()
        if b"PRIVATE KEY-----" in data.replace(b"LURK PRIVATE KEY", b"") or any(scan(tool, key, "file", path)[0] for key in keys):
            holds.add(os.path.relpath(path, host.directory))
    assert holds == {OWN_KEY}, f"files with private keys on the edge: {sorted(holds)}"
    print(f"files of the edge: {len(paths)}; a private key is in one, {OWN_KEY}: its own, towards lurkd; those of the site are in none")


def no_key_in_memory(host, programs, tool, keys):
    if os.geteuid() != 0:
        print("memory of the edge's processes: not looked at; only root may")
        return
    planted_is_found(tool, keys)
    for name, pid in processes(host, programs):
        for key in keys:
            try:
                found, text = scan(tool, key, "all", pid)
            except RuntimeError as fault:
                print(f"memory of {name} ({pid}): not looked at: {str(fault).strip()}")
                break
            assert not found, f"{name} has a private key in its memory:\n{text}"
        else:
            print(f"memory of {name} ({pid}): {int(text.split()[3]) >> 20} MiB, no piece of either key")
    print("the same search finds a key that was planted in a process")


def served(host, programs):
    pages(host, programs)
    tool = f"{os.path.dirname(host.directory)}/keyscan"
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", tool, f"{TOP}/tests/e2e/keyscan.c", "-lcrypto"], check=True)
    keys = [f"{host.pki}/keys/{name}.key" for name in edge_stack.KEYS.values()]
    no_key_in_files(host, tool, keys)
    no_key_in_memory(host, programs, tool, keys)


def start_all(host, starts, programs=()):
    """Each with the next inside: what was started ends with this, whatever happens."""
    if not starts:
        served(host, programs)
        return
    with starts[0](host) as program:
        start_all(host, starts[1:], (*programs, program))


def nginx(host):
    # The page stands in the configuration: its worker is another user, who may not read below a home directory.
    return edge_stack.nginx(host, change=((f"root {host.directory}/www;", 'return 200 "hello\\n";'),))


def haproxy(host):
    return edge_stack.haproxy(host, change=SMALL)


def edge_demo(base):
    starts = [start for start in (nginx, haproxy) if edge_stack.installed(start.__name__)]
    for name in ("curl", "nginx", "haproxy"):
        if not edge_stack.installed(name):
            print(f"{name} is not installed: what needs it is left out")
    if not starts or not edge_stack.installed("curl"):
        return
    os.makedirs(f"{base}/edge")
    os.makedirs(f"{base}/lurkd")
    host = edge_stack.Host(f"{base}/edge", uses=("tls12-sign", "tls13-sign"), lurkd=f"{base}/lurkd")
    host.server.rules[0]["require_poo"] = "true"
    with host:
        start_all(host, starts)
