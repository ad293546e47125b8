#!/usr/bin/python3
"""lurk.so in unmodified programs: openssl, nginx and HAProxy of the distribution serve TLS with keys that are
only in a pretended agent, which judges every request on its own arithmetic.

The client is the openssl command without lurk; that ServerHello.random is F(S) is seen in the bytes it received.
"""

import base64
import os
import resource
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
from edge_host import KEYS, MODULE, WAIT_MS, Client, Served, World, environment, haproxy, make_root, nginx, run, take_reports, text_of, wait_for
from server import BIN, EDGE_BIN, Story, free_port

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


def chains(world, conf):
    """Certificates go by fingerprint; whole where the key server does not know them, and 64 signatures later by
    fingerprint again."""
    with nginx(world, conf, "p256-1") as served:
        _, seen = one_call(world, served.port, ["-tls1_3"], "s_init_cert_verify")
        assert seen["form"] == 129, seen
        known, world.agent.certificates = world.agent.certificates, {}
        try:
            world.agent.take()
            assert Client(world, served.port, "-tls1_3").good
            assert [row.get("fault", row.get("form")) for row in world.agent.take()] == ["fingerprint", 130]
            _, seen = one_call(world, served.port, ["-tls1_3"], "s_init_cert_verify")
            assert seen["form"] == 130, seen
        finally:
            world.agent.certificates = known
        many(world, served.port, 56, ["-tls1_3"])
        assert [row["form"] for row in world.agent.take()] == [130] * 56
        for form in [130] * 7 + [129] * 2:
            _, seen = one_call(world, served.port, ["-tls1_3"], "s_init_cert_verify")
            assert seen["form"] == form, (seen, form)


def client_asked(world, conf):
    """A server that asks its client for a certificate: one message more in the handshake, or two."""
    for client in ([], ["-cert", world.crt("p256-1"), "-key", world.key("p256-1")]):
        with nginx(world, conf, "rsa2048-1", extra="ssl_verify_client optional_no_ca;") as served:
            _, seen = one_call(world, served.port, ["-tls1_3", *client], "s_init_cert_verify")
            assert seen["messages"] == [1, 2, 8, 13], seen
            _, seen = one_call(world, served.port, ["-tls1_2", "-cipher", "AES128-GCM-SHA256", *client], "rsa_extended_master")
            assert seen["messages"] == [1, 2, 11, 13, 14, 11, 16], seen
            one_call(world, served.port, ["-tls1_2", "-cipher", ECDHE, *client], "ecdhe")


def stapled(world, conf):
    """A stapled answer of an authority: a message of TLS 1.2, an extension of the certificate in 1.3."""
    at = f"{world.directory}/ocsp"
    os.makedirs(at, exist_ok=True)
    with open(f"{at}/index", "w") as f:
        f.write("")
    own = ["-CA", world.crt("rsa2048-1"), "-issuer", world.crt("rsa2048-1")]
    asked = run("openssl", "ocsp", *own[2:], "-cert", world.crt("rsa2048-1"), "-reqout", f"{at}/req", "-no_nonce")
    made = run("openssl", "ocsp", *own[:2], "-index", f"{at}/index", "-rsigner", world.crt("rsa2048-1"), "-rkey",
               world.key("rsa2048-1"), "-reqin", f"{at}/req", "-respout", f"{at}/resp", "-ndays", "5")
    assert os.path.exists(f"{at}/resp"), text_of(asked) + text_of(made)
    extra = f"ssl_stapling on; ssl_stapling_file {at}/resp;"
    os.chmod(at, 0o755)
    with nginx(world, conf, "rsa2048-1", extra=extra) as served:
        client, _ = one_call(world, served.port, ["-tls1_3", "-status"], "s_init_cert_verify")
        assert "OCSP Response Status: successful" in client.text, client.text[-1500:]
        client, seen = one_call(world, served.port, ["-tls1_2", "-cipher", "AES128-GCM-SHA256", "-status"],
                                "rsa_extended_master")
        assert "OCSP Response Status: successful" in client.text and seen["messages"] == [1, 2, 11, 22, 14, 16], seen


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
                                  env=environment(conf))
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


def request(world, name, *options, conf=None, section=""):
    """openssl req -new with a key that is elsewhere."""
    names = f"{world.directory}/req.cnf"
    with open(names, "w") as f:
        f.write(f"[req]\ndistinguished_name=dn\nprompt=no\n{section}\n[dn]\nCN=x\n")
    return run("openssl", "req", "-new", "-config", names, "-key", world.ref(name), *options, conf=conf or world.full)


def cert_requests_are_signed(world):
    pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
    rows = (("rsa2048-1", [], "0401", "sha256WithRSAEncryption"), ("rsa2048-1", ["-sha384"], "0501", "sha384WithRSAEncryption"),
            ("rsa2048-1", pss, "0804", "rsassaPss"), ("rsa2048-1", [*pss, "-sha512"], "0806", "rsassaPss"),
            ("rsapss2048-1", [], "0809", "rsassaPss"), ("p256-1", [], "0403", "ecdsa-with-SHA256"),
            ("p256-1", ["-sha512"], "0603", "ecdsa-with-SHA512"), ("p384-1", ["-sha384"], "0503", "ecdsa-with-SHA384"),
            ("ed25519-1", [], "0807", "ED25519"))
    for conf in (world.sign, world.full):
        for name, options, scheme, algorithm in rows:
            done = request(world, name, *options, "-subj", "/CN=x", "-addext", "subjectAltName=DNS:x,DNS:www.example", conf=conf)
            assert done.returncode == 0, text_of(done)
            seen = world.agent.take()
            assert [(row.get("exchange"), row.get("scheme"), row.get("fault")) for row in seen] == \
                [("sign_cert_request", scheme, None)], seen
            shown = run("openssl", "req", "-verify", "-noout", "-text", data=done.stdout)
            assert "verify OK" in text_of(shown) and f"Signature Algorithm: {algorithm}" in text_of(shown), text_of(shown)
            assert "DNS:x, DNS:www.example" in text_of(shown), text_of(shown)


def cert_requests_come_in_pieces(world):
    """EVP_DigestSignUpdate, as the command dgst has it: the same text, and the same exchange."""
    text, signature, public = (f"{world.directory}/{n}" for n in ("info", "info.sig", "info.pub"))
    done = request(world, "rsa2048-1", "-outform", "DER")
    assert run("openssl", "asn1parse", "-inform", "DER", "-strparse", "4", "-noout", "-out", text, data=done.stdout).returncode == 0
    world.agent.take()
    done = run("openssl", "dgst", "-sha256", "-sign", world.ref("rsa2048-1"), "-out", signature, text, conf=world.full)
    assert done.returncode == 0 and [row["exchange"] for row in world.agent.take()] == ["sign_cert_request"], text_of(done)
    run("openssl", "pkey", "-in", world.key("rsa2048-1"), "-pubout", "-out", public)
    done = run("openssl", "dgst", "-sha256", "-verify", public, "-signature", signature, text)
    assert "Verified OK" in text_of(done), text_of(done)


def cert_requests_that_are_refused(world):
    """What is plain from the bytes is said here; which names there are, by the key server."""
    for options, section, say in (
            ([], "attributes=a\n[a]\nchallengePassword=secret", "a challengePassword is not signed: leave it out"),
            ([], "attributes=a\n[a]\nunstructuredName=shop", "leave others out"),
            (["-addext", "basicConstraints=CA:TRUE"], "", "more than a certificate of TLS has"),
            (["-addext", "keyUsage=keyCertSign"], "", "more than a certificate of TLS has"),
            (["-addext", "certificatePolicies=1.2.3"], "", "leave others out"),
            (["-sha1"], "", "no signature scheme of TLS"),
            (["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:11"], "", "rsa_pss_saltlen:digest")):
        done = request(world, "rsa2048-1", *options, section=section)
        assert done.returncode != 0 and say in text_of(done) and b"BEGIN" not in done.stdout, text_of(done)
    assert world.agent.take() == []
    done = request(world, "rsa2048-1", "-subj", "/CN=bank.example")
    assert done.returncode != 0 and "the key server answers invalid_cert_name" in text_of(done), text_of(done)
    assert "or one CN that is among the certificate's DNS names" in text_of(done), text_of(done)
    assert [row.get("fault") for row in world.agent.take()] == ["names ['bank.example']"]
    set_agent(world, outcome=1)
    try:
        done = request(world, "rsa2048-1")
        assert done.returncode != 0 and "no healthy key server" in text_of(done), text_of(done)
    finally:
        set_agent(world, outcome=0)
    world.agent.take()


def other_data_is_refused(world):
    """Neither handshake nor certificate request: a certificate, a file."""
    data = f"{world.directory}/data"
    with open(data, "wb") as f:
        f.write(b"0" + bytes(200))
    for conf in (world.sign, world.full):
        done = request(world, "p256-1", "-x509", conf=conf)
        assert done.returncode != 0 and "no certificate request; certificates, " in text_of(done), text_of(done)
        done = run("openssl", "dgst", "-sha256", "-sign", world.ref("p256-1"), data, conf=conf)
        assert done.returncode != 0 and "no certificate request; certificates, " in text_of(done), text_of(done)
    with open(data, "wb") as f:
        f.write(bytes(70000))
    done = run("openssl", "dgst", "-sha256", "-sign", world.ref("p256-1"), data, conf=world.full)
    assert done.returncode != 0 and "more than 65535 bytes" in text_of(done), text_of(done)
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
                                ("wait_ms", "0", "50 to 60000"), ("fallback", "guess", "want refuse or sign"),
                                ("verify", "never", "want every or sample")):
        conf = world.conf("bad", layers=False, **{setting: value})
        done = run("openssl", "pkey", "-in", world.ref("p256-1"), "-pubout", conf=conf)
        assert done.returncode != 0 and b"PUBLIC KEY" not in done.stdout
        assert say in world.trace("bad"), world.trace("bad")


def misspelt_settings_are_told(world):
    """One line each, in the trace or else on standard error; the provider works."""
    conf = world.conf("misspelt", layers=False, agnet="@lurk-nobody", wait="7")
    done = run("openssl", "pkey", "-in", world.ref("p256-1"), "-pubout", conf=conf)
    assert done.returncode == 0 and b"PUBLIC KEY" in done.stdout, text_of(done)
    said = world.trace("misspelt")
    for name in ("agnet", "wait"):
        assert said.count(f"{conf}: '{name}' is no setting of lurk.so") == 1, said
    assert said.count("is no setting") == 2, said
    with open(conf) as f:
        lines = [line for line in f if not line.startswith("trace")]
    with open(conf, "w") as f:
        f.writelines(lines)
    done = run("openssl", "pkey", "-in", world.ref("p256-1"), "-pubout", conf=conf)
    assert done.returncode == 0 and b"'agnet' is no setting of lurk.so" in done.stderr, text_of(done)
    done = run("openssl", "pkey", "-in", world.ref("p256-1"), "-pubout", conf=world.sign)
    assert b"no setting" not in done.stderr and "no setting" not in world.trace("sign"), text_of(done)


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


def wrong_signatures(world):
    """Every signature is checked before a peer sees it, not the first alone, of each kind of key; with verify = sample those of
    keys other than RSA mostly by the peer. The key file's word stands before the configuration's."""
    path = world.ref("p256-1", "every")
    done = run(f"{EDGE_BIN}/lurkctl", "edge", "key", "--verify", "every", "-o", path, world.crt("p256-1"))
    assert done.returncode == 0, text_of(done)
    sample = world.conf("sample", verify="sample")
    for conf, trace, name, label, here in ((world.conf("every"), "every", "p256-1", "ref", True),
                                           (world.conf("every"), "every", "ed25519-1", "ref", True),
                                           (sample, "sample", "p256-1", "ref", False), (sample, "sample", "p256-1", "every", True),
                                           (sample, "sample", "rsa2048-1", "ref", True)):
        with nginx(world, conf, name, label=label) as served:
            assert Client(world, served.port, "-tls1_3").good
            before = world.trace(trace).count("does not fit the public key")
            set_agent(world, wrong=True)
            try:
                client = Client(world, served.port, "-tls1_3")
            finally:
                set_agent(world, wrong=False)
            assert not client.good and ("alert internal error" in client.text) is here, (name, label, client.text[-1500:])
            assert world.trace(trace).count("does not fit the public key") - before == here, (name, label)
            assert Client(world, served.port, "-tls1_3").good


def lanes(world):
    """This CPU's lanes check the signatures of a key from its second on, but where LURK_CPU hid them as the program
    began: its workers have no environment. Never those of a key that is read for each handshake."""
    for hidden in ("", "-ifma"):
        os.environ["LURK_CPU"] = hidden
        has = "ifma" in run(f"{BIN}/lurkd", "--version").stdout.decode().split()
        kept, read = world.conf(f"kept{hidden}"), world.conf(f"read{hidden}")
        with nginx(world, kept, "p256-1") as served:
            for wanted in (0, has, has):
                assert Client(world, served.port, "-tls1_3").good
                assert world.trace(f"kept{hidden}").count("in lanes of this CPU") == wanted, (hidden, has)
        key_by_variable(world, read)
        assert "in lanes of this CPU" not in world.trace(f"read{hidden}"), hidden
        del os.environ["LURK_CPU"]


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
    done = run(f"{EDGE_BIN}/lurkctl", "edge", "key", "-m", "sign", "-a", world.agent_name, "-o", path, world.crt("p384-1"))
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
    empty = make_root(f"{world.directory}/empty")
    with haproxy(world, conf, "rsa2048-1", f"ssl-mode-async\n  chroot {empty}\n  user nobody\n  group nogroup") as served:
        one_call(world, served.port, ["-tls1_3"], "s_init_cert_verify")
    take_reports(empty)


def aborted(world):
    """Clients that leave while their handshake waits harm nobody, and cost no descriptor; of the higher ones each of two
    threads keeps socket and clock of 16 lines (tools/provider/line.h). A call may wait longer than elsewhere: on a busy
    machine the agent is long over those of a thousand."""
    patient = world.conf("patient", mode="full", wait_ms=10000)
    with haproxy(world, patient, "rsa2048-1", "ssl-mode-async") as served:
        assert Client(world, served.port, "-tls1_3").good
        before = descriptors(served.process.pid)[0]
        set_agent(world, delay_s=0.2)
        hello = recorded_hello(world)
        for _ in range(1000):
            with socket.create_connection(("127.0.0.1", served.port)) as s:
                s.sendall(hello)
        set_agent(world, delay_s=0)
        for _ in range(5):
            client = Client(world, served.port, "-tls1_3")
            assert client.good, (client.text[-800:], served.said()[-800:])
        wait_for("no more descriptors than before", lambda: descriptors(served.process.pid)[0] <= before + 4)
        wait_for("no more lines than are kept", lambda: descriptors(served.process.pid)[1] <= 2 * 16 * 2)


def descriptors(pid):
    """How many are below the half of what it may have, where a line's are not, and how many above."""
    half = resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] // 2
    fds = [int(fd) for fd in os.listdir(f"/proc/{pid}/fd")]
    return sum(fd < half for fd in fds), sum(fd >= half for fd in fds)




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
        for check in (cert_requests_are_signed, cert_requests_come_in_pieces, cert_requests_that_are_refused, other_data_is_refused):
            story.check(check.__name__, check, world)
        story.check("bad_key_files_say_why", bad_key_files_say_why, world)
        story.check("bad_settings_say_why", bad_settings_say_why, world)
        story.check("misspelt_settings_are_told", misspelt_settings_are_told, world)
        for mode, conf in (("sign", world.sign), ("full", world.full)):
            matrix(story, world, mode, conf)
            story.check(f"other_keys_{mode}", other_keys, world, conf, mode)
            story.check(f"retry_{mode}", retry, world, conf, mode)
            story.check(f"resumption_{mode}", resumption, world, conf)
        story.check("chains", chains, world, world.full)
        story.check("client_asked", client_asked, world, world.full)
        story.check("stapled", stapled, world, world.full)
        story.check("dtls", dtls, world, world.full)
        story.check("client_certificate", client_certificate, world)
        story.check("without_layers", without_layers, world)
        story.check("key_file_decides", key_file_decides, world)
        story.check("reload", reload, world, world.full)
        story.check("key_by_variable", key_by_variable, world, world.full)
        story.check("agent_without_servers", agent_without_servers, world, world.full)
        story.check("agent_that_does_not_answer", agent_that_does_not_answer, world, world.full)
        story.check("wrong_signatures", wrong_signatures, world)
        story.check("lanes", lanes, world)
        story.check("agent_that_goes_with_a_request", agent_that_goes_with_a_request, world, world.full)
        story.check("agent_that_was_away", agent_that_was_away, world, world.full)
        for name, options in (("tls13", ["-tls1_3"]), ("ecdhe", ["-tls1_2", "-cipher", ECDHE]),
                              ("rsa", ["-tls1_2", "-cipher", "AES128-GCM-SHA256"])):
            story.check(f"haproxy_async_{name}", haproxy_handshakes, world, world.full, "ssl-mode-async", options)
        story.check("haproxy_blocking", haproxy_handshakes, world, world.full, "", ["-tls1_3"])
        story.check("haproxy_async_deaf_agent", haproxy_deaf, world, world.full)
        story.check("haproxy_async_agent_goes", haproxy_agent_goes, world, world.full)
        story.check("haproxy_chroot", haproxy_chroot, world, world.full)
        story.check("haproxy_async_aborted", aborted, world)
        story.check("traces_have_no_secret", traces_have_no_secret, world)
        world.agent.close()
    story.end()


main()
