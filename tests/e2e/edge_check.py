#!/usr/bin/python3
"""lurkctl edge check: an edge host that is well, and then each thing broken in turn: one sentence names it."""

import os
import shutil
import signal
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support"]
import edge_stack as stack
from server import BIN, EDGE_BIN, Story


def check(host, *arguments, conf=None, keys=("ecdsa", "rsa"), user=None):
    command = [f"{EDGE_BIN}/lurkctl", "edge", "check", "-c", conf or host.conf, *arguments, *(f"{host.etc}/www.{name}.key" for name in keys)]
    return stack.run(*(["setpriv", f"--reuid={user}", "--regid=65534", "--clear-groups"] if user else []), *command)


def is_well(host):
    done = check(host)
    text = stack.text_of(done)
    assert done.returncode == 0 and not done.stderr, text
    for name in ("rsa", "ecdsa"):
        assert f"renewal  {host.etc}/www.{name}.key: a key server does not sign certificate requests for it" in text, text
    for say in ("default, then lurk, both active; mode full", "1 healthy", "a key server answered this user",
                f"TLS 1.2  {host.etc}/www.rsa.key: a handshake in memory", f"TLS 1.3  {host.etc}/www.ecdsa.key: a handshake in memory"):
        assert say in text, text
    assert sorted(use["exchange"] for use in host.uses(4)) == ["tls12.ecdhe"] * 2 + ["tls13.s_init_cert_verify"] * 2


def renewal(host):
    """One key that may be requested for, and one that may not."""
    host.server.key_options["rsa"], host.server.edges[0]["flags"] = {"flags": "[request]"}, "[request]"
    host.server.write()
    done = stack.run(f"{BIN}/lurkctl", "-s", f"{host.lurkd}/control.sock", "reload")
    assert done.returncode == 0, stack.text_of(done)
    text = stack.text_of(check(host))
    assert f"renewal  {host.etc}/www.rsa.key: a key server signs certificate requests for it" in text, text
    assert f"renewal  {host.etc}/www.ecdsa.key: a key server does not sign certificate requests for it" in text, text


def agent_alone(host):
    done = stack.run(f"{EDGE_BIN}/lurkctl", "edge", "check", "-a", host.name)
    assert done.returncode == 0 and b"a key server answered this user" in done.stdout, stack.text_of(done)


def says(host, sentence, *change, keys=("ecdsa",), user=None):
    """One fault, in one line, which has the sentence; nothing else is blamed."""
    conf = host.snippet("openssl.cnf", f"{host.etc}/broken.cnf", change=change) if change else None
    done = check(host, conf=conf, keys=keys, user=user)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1 and len(lines) >= 1 and sentence in lines[0], stack.text_of(done)


CONFS = [
    ("default_last", "put the line default first", ("default = lurk_default\nlurk    = lurk_provider",
                                                    "lurk = lurk_provider\ndefault = lurk_default")),
    ("default_missing", "add default = lurk_default before lurk", ("default = lurk_default\n", "")),
    ("default_idle", "provider default is not activated", ("[lurk_default]\nactivate = 1", "[lurk_default]\nactivate = 0")),
    ("lurk_missing", "does not name the provider lurk", ("lurk    = lurk_provider\n", "")),
    ("module_missing", "there is no module", ("module   = ", "module   = /nowhere")),
    ("module_broken", "cannot be loaded", ("module   = ", "module   = BROKEN #")),
    ("setting_wrong", "refuses a line of its section", ("agent    = ", "wait_ms = soon\nagent    = ")),
    ("properties_missing", "add it, or set mode = sign", ("default_properties = ?lurk.tls=yes", "")),
    ("random_missing", "without random = LURK-RAND", ("random = LURK-RAND", "")),
    ("layers_without_their_lines", "there is no section lurk_algs", ("[lurk_algs]\ndefault_properties = ?lurk.tls=yes\n", ""),
     ("agent    =", "mode     = sign\nagent    =")),
    ("init_missing", "has no line openssl_conf", ("openssl_conf = openssl_init", ""), (".include", "#")),
    ("line_broken", "write NAME = VALUE", ("activate = 1", "activate")),
    ("agent_elsewhere", "does lurk-agent run, with this row of sockets?", ("agent    = ", "agent    = @lurk-nobody #")),
]


def conf_missing(host):
    done = check(host, conf=f"{host.etc}/nowhere.cnf")
    assert done.returncode == 1 and b"is the path right" in done.stderr, stack.text_of(done)


def key_files(host):
    path = f"{host.etc}/www.other.key"
    shutil.copy(f"{host.pki}/keys/{stack.KEYS['rsa']}.key", path)
    says(host, "holds no key file", keys=("other",))
    with open(f"{host.etc}/www.rsa.key") as f:
        text = f.read().splitlines()
    text[2] = text[2][::-1]
    with open(path, "w") as f:
        f.write("\n".join(text) + "\n")
    says(host, "make it again", keys=("other",))
    os.unlink(path)
    says(host, "No such file", keys=("other",))


def other_user(host):
    """Who may not ask the agent; the module lies where that user can read it, as this checkout may not."""
    module = shutil.copy(stack.MODULE, f"{host.etc}/lurk.so")
    says(host, "this user may not ask", ("module   = ", f"module   = {module} #"), user=65534)


def unknown_key(host):
    """A key that lurkd does not have."""
    key, crt = f"{host.directory}/other.key", f"{host.etc}/www.stranger.crt"
    done = stack.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                     crt, "-subj", "/CN=x", "-config", f"{host.pki}/pki.cnf")
    assert done.returncode == 0, stack.text_of(done)
    host.key_file("stranger", f"{host.etc}/www.stranger.key")
    done = check(host, keys=("stranger",))
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1 and len(lines) == 2, stack.text_of(done)
    assert "invalid_key_id; no key server has this key" in lines[0] and "invalid_certificate; no key server has this key" in lines[1], lines


def sign_without_flags(host):
    """mode = sign under TLS 1.2 is what lurkd gives by flags alone."""
    says(host, "flags: [unfresh, unproved] on the key and on the edge's row", ("agent    =", "mode     = sign\nagent    ="))


def agent_hangs(host):
    os.kill(host.agent.process.pid, signal.SIGSTOP)
    try:
        says(host, "no answer in 3 s: it hangs")
    finally:
        os.kill(host.agent.process.pid, signal.SIGCONT)


def rule_missing(host):
    """TLS 1.3 is not in the rule: its handshake is blamed, and that of TLS 1.2 is well."""
    host.server.rules[0]["exchanges"] = "[tls12.ecdhe]"
    host.server.write()
    host.server.reload()
    host.server.wait(lambda: host.server.metric('lurk_config_generation{process="front"}') >= 3, 20, "reload")
    done = check(host, keys=("ecdsa",))
    text = stack.text_of(done)
    assert done.returncode == 1 and "TLS 1.2  " in text and "TLS 1.3: " in text and "no rule of lurkd gives this edge that exchange" in text, text


def without_server(host):
    host.server.stop()
    stack.wait_for("that the agent sees it", lambda: host.agent.metric("lurk_agent_servers_healthy") == 0)
    says(host, "no key server is healthy")


def without_agent(host):
    os.kill(host.agent.process.pid, signal.SIGKILL)
    host.agent.process.wait()
    says(host, "does lurk-agent run")


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-edge-") as directory, stack.Host(directory) as host:
        story.check("is_well", is_well, host)
        story.check("agent_alone", agent_alone, host)
        story.check("renewal", renewal, host)
        with open(f"{directory}/broken.so", "w") as f:
            f.write("no module\n")
        for name, sentence, *changes in CONFS:
            story.check(name, says, host, sentence, *changes, ("BROKEN", f"{directory}/broken.so"))
        for function in (conf_missing, key_files, unknown_key, sign_without_flags, agent_hangs, rule_missing, without_server, without_agent):
            story.check(function.__name__, function, host)
            if function is unknown_key and os.geteuid() == 0:
                story.check("other_user", other_user, host)
    story.end()


if __name__ == "__main__":
    main()
