"""What every stock TLS server has to hold whose keys are in lurkd, beside single handshakes (edge_stack.rows).
start(host, change, conf) starts it by its snippet, with that changed, or with another openssl.cnf.
"""

import edge_stack as stack

ECDSA, RSA = ["-tls1_2", "-cipher", stack.ECDHE_ECDSA], ["-tls1_2", "-cipher", stack.ECDHE_RSA]
TLS13 = ["-tls1_3", "-sigalgs", "ECDSA+SHA256"]  # HAProxy 2.6 would take its RSA certificate
RSA_EXCHANGE = ["-tls1_2", "-cipher", stack.RSA]
ORDER = "default = lurk_default\nlurk    = lurk_provider"
REVERSED = "lurk = lurk_provider\ndefault = lurk_default"


def changed(host, name, *change):
    """openssl.cnf with something wrong."""
    return host.snippet("openssl.cnf", f"{host.etc}/{name}.cnf", change=change)


def serves(host, program, options, kind):
    """A good handshake, which is a use of a key; others before it may be in the journal yet."""
    client = stack.shake(host, program.port, options, kind)
    stack.is_good(client, program)
    stack.wait_for("its use", lambda: client.random()[:32] in [use["random"] for use in host.uses(1)])


def resumption(host, start, options, exchange, kind="rsa"):
    """A session that is resumed needs no key: between two full handshakes no other use is seen."""
    session = f"{host.directory}/session"
    with start(host) as program:
        host.uses(0)
        first = stack.shake(host, program.port, [*options, "-sess_out", session], kind)
        stack.is_good(first, program)
        for _ in range(3):
            again = stack.shake(host, program.port, [*options, "-sess_in", session], kind)
            stack.is_good(again, program)
            assert "Reused, " in again.text, again.text[-1500:]
        last = stack.shake(host, program.port, options, kind)
        seen = host.uses(2)
        assert [use["exchange"] for use in seen] == [exchange] * 2, seen
        assert [use["random"] for use in seen] == [c.random()[:32] for c in (first, last)], seen


def retry(host, start, *change):
    """HelloRetryRequest: the group of the client's first share is not the server's, by change."""
    with start(host, change=change) as program:
        client = stack.shake(host, program.port, [*TLS13, "-groups", "X25519:P-384"], "ecdsa")
        stack.is_good(client, program)
        assert client.text.count(", ClientHello\n") == 2, client.text[-1500:]
        stack.is_one_use(host, client, "tls13.s_init_cert_verify")


def standard_label(host, start, name):
    """The same key file under the label PRIVATE KEY, in its place."""
    kind = stack.ROWS[name][3]
    path = f"{host.etc}/www.{kind}.key"
    host.key_file(kind, path, "--standard-label")
    try:
        with open(path) as f:
            assert f.readline() == "-----BEGIN PRIVATE KEY-----\n"
        with start(host) as program:
            stack.row(host, program.port, name, program=program)
    finally:
        host.key_file(kind, path)


def reload(host, start, number):
    """A signal, and the certificate that was renewed meanwhile is served, with its new key file: the client trusts
    no other."""
    with start(host) as program:
        serves(host, program, ECDSA, "ecdsa")
        host.certify("ecdsa", stack.KEYS["ecdsa"])
        assert not stack.shake(host, program.port, ECDSA, "ecdsa").good
        program.process.send_signal(number)
        # Who is to go may take a connection meanwhile.
        stack.wait_for("the new certificate alone", lambda: all(stack.shake(host, program.port, ECDSA, "ecdsa").good for _ in range(20)))
        serves(host, program, ECDSA, "ecdsa")
        assert program.process.poll() is None, program.said()[-1000:]


def lurk_before_default(host, start, say="mode full is off for TLS 1.2: its self-check failed"):
    """OpenSSL asks the provider for ephemeral keys then: every handshake of TLS 1.2 ends in an alert, none is asked of
    lurkd, the program lives and its log says what to look for. ?provider=default mends it, whatever the order."""
    before = stack.proofs(host)
    with start(host, conf=changed(host, "reversed", (ORDER, REVERSED))) as program:
        for options, kind in ((ECDSA, "ecdsa"), (RSA, "rsa"), (RSA_EXCHANGE, "rsa")):
            client = stack.shake(host, program.port, options, kind)
            assert not client.good and stack.alert_of(client) in ("handshake failure", "internal error", "decrypt error"), \
                client.text[-1500:]
        assert program.process.poll() is None
        stack.wait_for(f"{say!r} in its log {program.said()}", lambda: say in program.said())
        assert stack.proofs(host) == before
    mended = changed(host, "mended", (ORDER, REVERSED), ("?lurk.tls=yes", "?lurk.tls=yes,?provider=default"))
    with start(host, conf=mended) as program:
        stack.row(host, program.port, "tls12_ecdhe_ecdsa", program=program)


def default_missing(host, start, say):
    """The program does not start, and says of which file."""
    conf = changed(host, "alone", ("default = lurk_default\n", ""))
    try:
        with start(host, conf=conf) as program:  # some listen first
            stack.wait_for("its end", lambda: program.process.poll() is not None)
            said = program.said()
    except AssertionError as fault:
        said = str(fault)
    assert say in said, said


SESSIONS = {
    "ecdhe": (ECDSA, "tls12.ecdhe", "ecdsa"),
    "rsa_ids": ([*RSA_EXCHANGE, "-no_ticket"], "tls12.rsa_extended_master", "rsa"),
    "tls13": (TLS13, "tls13.s_init_cert_verify", "ecdsa"),
}


def all_rows(story, host, label, start, group, without_default, *order, sessions=tuple(SESSIONS)):
    """group: the change of its snippet that leaves it P-384 alone; without_default, order: what its log says of an
    openssl.cnf like that."""
    for name in sessions:
        story.check(f"{label}_resumption_{name}", resumption, host, start, *SESSIONS[name])
    story.check(f"{label}_retry", retry, host, start, group)
    story.check(f"{label}_standard_label", standard_label, host, start, "tls13_ecdsa")
    story.check(f"{label}_lurk_before_default", lurk_before_default, host, start, *order)
    story.check(f"{label}_default_missing", default_missing, host, start, without_default)
