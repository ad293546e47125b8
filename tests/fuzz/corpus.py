#!/usr/bin/python3
"""Writes the seeds of the fuzz targets whose inputs are more than a recorded message.

What is there stays: finds are kept, and files with fresh keys or salts do not change at each run. To make
a seed anew, remove it first. Needs the openssl command.
"""

import base64
import hashlib
import json
import os
import struct
import subprocess
import tempfile

TOP = os.path.dirname(os.path.abspath(__file__))


def seed(target, name, data):
    path = f"{TOP}/corpus/fuzz_{target}/{name}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.exists(path):
        with open(path, "wb") as f:
            f.write(data() if callable(data) else data)


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


# --- keys: passphrase byte (0 none, 1 empty, 2 the right one, 3 a wrong one), then the file ----------


def keys():
    rsa = lambda: openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
    curve = lambda name: openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{name}")
    made = {"rsa": rsa, "p256": lambda: curve("P-256"), "p521": lambda: curve("P-521"),
            "pss": lambda: openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:1024"),
            "ed25519": lambda: openssl("genpkey", "-algorithm", "ed25519"),
            "ed448": lambda: openssl("genpkey", "-algorithm", "ed448"),
            "x25519": lambda: openssl("genpkey", "-algorithm", "x25519"),
            "brainpool": lambda: curve("brainpoolP256r1")}
    for name, make in made.items():
        seed("key", f"{name}.pem", lambda: b"\0" + make())
    pem = lambda: made["p256"]()
    der = lambda text, *how: openssl("pkey", "-outform", "DER", *how, data=text)
    seed("key", "rsa_pkcs1.der", lambda: b"\0" + der(rsa(), "-traditional"))
    seed("key", "p256_sec1.der", lambda: b"\0" + der(pem(), "-traditional"))
    seed("key", "ed25519_pkcs8.der", lambda: b"\0" + der(made["ed25519"]()))
    seed("key", "two_keys.pem", lambda: b"\0" + b"a text before\n" + pem() + pem())
    seed("key", "parameters_first.pem", lambda: b"\0" + openssl("ecparam", "-name", "P-256") + pem())
    sealed = {"pbes2": ["-v2", "aes-256-cbc", "-iter", "2048"], "scrypt": ["-scrypt", "-scrypt_N", "1024"],
              "pbes1": ["-v1", "PBE-SHA1-3DES", "-iter", "2048"]}
    for name, how in sealed.items():
        for byte, sort in enumerate(("none", "empty", "right", "wrong")):
            seed("key", f"{name}_{sort}.pem", lambda: bytes([byte]) + openssl(
                "pkcs8", "-topk8", *how, "-passout", "pass:sesame", data=pem()))
    seed("key", "pem_header.pem", lambda: b"\2" + openssl("pkey", "-traditional", "-aes128", "-passout", "pass:sesame",
                                                         data=pem()))
    for byte, sort in ((0, "none"), (2, "right"), (3, "wrong")):
        seed("key", f"pkcs12_{sort}.der", lambda: bytes([byte]) + pkcs12(pem(), "" if byte == 0 else "sesame"))
    for byte, sort in ((0, "none"), (2, "right")):
        seed("key", f"pbes2_hours_{sort}.der", lambda: bytes([byte]) + slow(pem()))


def slow(key):
    """A sealed key that asks for more rounds than it was made with: nobody waits for it to be made."""
    der = openssl("pkcs8", "-topk8", "-outform", "DER", "-v2", "aes-256-cbc", "-iter", "16777216", "-passout",
                  "pass:sesame", data=key)
    assert b"\x02\x04\x01\0\0\0" in der
    return der.replace(b"\x02\x04\x01\0\0\0", b"\x02\x04\x7f\xff\xff\xff")


def pkcs12(key, passphrase):
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/key"
        with open(path, "wb") as f:
            f.write(key)
        certificate = f"{directory}/crt"
        openssl("req", "-x509", "-key", path, "-out", certificate, "-subj", "/CN=seed", "-days", "36500")
        return openssl("pkcs12", "-export", "-inkey", path, "-in", certificate, "-passout", f"pass:{passphrase}")


# --- chains: 1 with the key of the first certificate, 0 with another, then the text ------------------


def certificate(name):
    with tempfile.TemporaryDirectory() as directory:
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-days", "36500", "-keyout", f"{directory}/k", "-out", f"{directory}/c")
        with open(f"{directory}/c", "rb") as f:
            return f.read()


def chains():
    seed("chain", "one", lambda: b"\1" + certificate("one"))
    seed("chain", "three", lambda: b"\1" + b"".join(certificate(n) for n in ("a", "b", "c")))
    seed("chain", "other_key", lambda: b"\0" + certificate("one"))
    seed("chain", "cut", lambda: b"\1" + certificate("one") + certificate("two")[:-60])
    seed("chain", "text_between", lambda: b"\1" + certificate("one") + b"words\n" + certificate("two"))
    seed("chain", "none", b"\1no certificate\n")


# --- patterns and identities --------------------------------------------------------------------------


def edges():
    rows = [("uri:lurk://edge/*", "uri:lurk://edge/1"), ("uri:lurk://edge/1", "uri:lurk://edge/11"),
            ("dns:*.example", "dns:A.example"), ("dns:*.example", "dns:a.b.example"),
            ("dns:a.example", "dns:A.EXAMPLE"), ("dns:*", "dns:*"), ("uri:*", "uri:"), ("uri:", "dns:"),
            ("dns:*.example", "dns:.example"), ("dns:*.example", "dns:*.example"), ("dns:*", "dns:host")]
    for at, (pattern, identity) in enumerate(rows):
        seed("edge", f"pair_{at}", pattern.encode() + b"\0" + identity.encode())


# --- the control socket: bytes a piece / 16, then what is sent -----------------------------------------


def control():
    line = lambda **fields: json.dumps(fields).encode() + b"\n"
    seed("control", "status", b"\xff" + line(command="status"))
    seed("control", "status_bytewise", b"\0" + line(command="status", more=[1, {"a": None}]))
    seed("control", "later", b"\xff" + line(command="reload"))
    seed("control", "unknown", b"\xff" + line(command="exports_keys"))
    seed("control", "no_object", b"\xff[]\n")
    seed("control", "number", b"\xff" + line(command=7))
    seed("control", "twice", b'\xff{"command":"status","command":"reload"}\n')
    seed("control", "not_utf8", b'\xff{"command":"\xff\xfe"}\n')
    seed("control", "zero", b'\xff{"command":"status\\u0000x"}\n')
    seed("control", "too_long", b"\xff" + b" " * 5000)
    seed("control", "deep", b"\xff" + b"[" * 3000 + b"\n")
    seed("control", "no_line", b"\xff" + b'{"command":')
    seed("control", "two_lines", b"\xff" + line(command="status") + line(command="status"))


# --- children: how the supervisor stands, then turns (low nibble below 6) and messages ------------------

READY, REFUSED, FAULT, WITHDRAWN, ACK, BROKEN, DRAINED, LOST = 64, 65, 66, 67, 68, 69, 70, 71
PUBLIC = 6
TURN = b"\0"
VAULT, EPOCH, HANDLE, RAW, GENERATION = 0x10, 0x20, 0x40, 0x80, 0x60


def say(kind, body=b"", how=0, vault=True):
    return bytes([8 | how | (VAULT if vault else 0), kind, len(body)]) + body


def public(index, kind):
    head = struct.pack("<QIIIIII", 0, index, kind, 2048, 256, 0, 0)
    return say(PUBLIC, head + b"s" * 40, HANDLE)


def children():
    u64 = bytes(8)
    fault = lambda index, why: say(FAULT, struct.pack("<II", index, why))
    load = TURN + b"".join(fault(i, 1) for i in range(3))
    good = TURN + public(0, 0) + public(1, 2) + public(2, 5)
    seed("children", "load_refused", b"\1" + load + TURN)
    seed("children", "publics", b"\1" + good + TURN + TURN)
    seed("children", "public_twice", b"\1" + TURN + public(0, 0) + public(0, 0))
    seed("children", "public_before_orders", b"\1" + public(0, 0))
    seed("children", "public_of_front", b"\1" + TURN + say(PUBLIC, bytes(72), HANDLE, False))
    seed("children", "ready_early", b"\1" + TURN + say(READY, u64) + say(READY, u64, 0, False))
    seed("children", "refused", b"\1" + TURN + say(REFUSED, u64 + b"12: no\n") + say(REFUSED, u64, 0, False))
    seed("children", "refused_unasked", b"\1" + say(REFUSED, u64 + b"\xff" * 100))
    seed("children", "broken", b"\1" + say(BROKEN, u64, EPOCH) * 3 + say(LOST, u64, EPOCH, False))
    seed("children", "drained", b"\x09" + say(DRAINED, b"", 0, False) + say(DRAINED))
    seed("children", "drained_unasked", b"\1" + say(DRAINED, b"", 0, False))
    seed("children", "withdrawn", b"\1" + good + say(WITHDRAWN, u64) + say(WITHDRAWN, u64, 0, False))
    seed("children", "short", b"\1" + bytes([0x1F, READY, 3]) + b"abc")
    seed("children", "orders_of_a_child", b"\1" + b"".join(say(k, u64) for k in range(1, 15)))


# --- streams: a byte that the cuts follow from, then LURK messages ---------------------------------------


def message(designation, kind, payload=b"", length=None, status=0, number=7):
    length = 16 + len(payload) if length is None else length
    return struct.pack(">BBBBQI", designation, 1, kind, status, number, length) + payload


def streams():
    ping, site = message(0, 1), b"\0" + b"\1\2\3\4"
    master = message(1, 2, site + b"\0\0" + b"\xc1" * 32 + struct.pack(">I", 1700000000) + b"\x5e" * 28 + bytes(256))
    seed("stream", "pings", b"\1" + ping * 5 + message(1, 1))
    seed("stream", "capabilities", b"\2" + message(0, 0) + message(1, 0))
    seed("stream", "masters", b"\3" + master * 3)
    seed("stream", "more_than_slots", b"\4" + master * 40)
    seed("stream", "skipped", b"\5" + message(9, 1, bytes(3000)) + ping)
    seed("stream", "large", b"\6" + message(1, 2, bytes(30000)) + ping)
    seed("stream", "cut_lost_short", b"\7" + message(0, 1, length=3) + ping)
    seed("stream", "cut_lost_4gib", b"\x08" + ping + message(1, 2, length=0xFFFFFFFF) + ping)
    seed("stream", "half_head", b"\x09" + ping + ping[:9])
    seed("stream", "half_message", b"\x0a" + master + master[:100])
    seed("stream", "status_set", b"\x0b" + message(1, 2, bytes(100), status=1) + ping)


# --- what a hostile vault does: see things[] in fuzz_home.c -----------------------------------------------


def home():
    ask, answer, lie, collect, wait, push, write, index, epoch = (bytes([n]) for n in (0, 4, 6, 8, 10, 11, 12, 14, 15))
    u32 = lambda value: struct.pack(">I", value)
    seed("home", "honest", (ask * 4 + b"".join(answer + bytes([n]) for n in range(4)) + collect) * 3)
    seed("home", "twice", ask + answer + b"\0" + answer + b"\0" + collect + ask + collect)
    seed("home", "reversed", ask * 8 + b"".join(answer + bytes([n]) for n in range(7, -1, -1)) + collect)
    for field in range(5):
        for value in (0, 1, 3, 0x1C3, 0xFFFF, 0x10000, 0xFFFFFFFF):
            seed("home", f"lie_{field}_{value:x}", ask * 2 + lie + bytes([0, field]) + u32(value) + collect + ask)
    seed("home", "late", ask * 3 + (wait + b"\xff") * 8 + answer + b"\1" + collect + ask * 3)
    seed("home", "full", ask * 60 + (wait + b"\xff") * 4 + ask * 20)
    seed("home", "strange_reference", ask + push + bytes(4) + u32(0x7FFFFFFF) + collect + ask)
    seed("home", "index_far", ask + index + b"\0" + u32(0x80000000) + collect + ask)
    seed("home", "head_far", ask + index + b"\1" + u32(0x80000000) + ask * 2)
    seed("home", "bytes_over_rings", ask * 2 + write + u32(0) + bytes([255]) + b"\xaa" * 255 + collect + ask)
    seed("home", "epochs", (ask * 3 + epoch) * 3 + answer + b"\0" + collect)


# --- TLS: 0 and bytes, or 1 (TLS 1.2) or 3 (1.3) and changes to an honest edge's flights -----------------


def tls():
    change = lambda flight, at, mask: struct.pack(">BHB", flight, at, mask)
    hello = bytes.fromhex("16030100310100002d0303") + bytes(32) + bytes.fromhex("000002c02b0100") + bytes(2)
    seed("tls", "bytes", b"\0" + hello)
    seed("tls", "http", b"\0GET / HTTP/1.0\r\n\r\n")
    seed("tls", "sslv2", b"\0\x80\x2e\1\3\3" + bytes(60))
    seed("tls", "long_record", b"\0\x16\3\1\xff\xff" + bytes(400))
    for version, byte in (("1_2", b"\1"), ("1_3", b"\3")):
        seed("tls", f"honest_{version}", byte)
        for flight in (0, 1, 5):
            for at in (0, 3, 5, 6, 11, 60, 200):
                seed("tls", f"changed_{version}_{flight}_{at}", byte + change(flight, at, 0x55))


# --- DTLS: see things[] in fuzz_dtls.c ---------------------------------------------------------------------


def dtls():
    strange = lambda port, data: struct.pack(">BBH", 0, port, len(data)) + data
    altered = lambda port, at, mask: struct.pack(">BBHB", 4, port, at, mask)
    step, wait = b"\5", b"\7\xff"
    hello = (bytes.fromhex("16feff0000000000000000") + struct.pack(">H", 69) + b"\1\0\0\x39" + bytes(5) + b"\0\0\x39" +
             b"\xfe\xfd" + bytes(32) + bytes.fromhex("00000004c02bc02f0100") + bytes(13))
    alert = bytes.fromhex("15fefd00000000000000ff0002022e")
    data = bytes.fromhex("17fefd00010000000000070020") + bytes(32)
    seed("dtls", "honest", step * 4)
    seed("dtls", "honest_and_late", wait + step * 2 + wait + step * 2)
    for at, what in (("before", b""), ("amid", step * 2), ("after", step * 4)):
        for name, bytes_ in (("hello", hello), ("alert", alert), ("data", data), ("empty", b""), ("short", hello[:20])):
            seed("dtls", f"{name}_{at}_home", what + strange(7, bytes_))
            seed("dtls", f"{name}_{at}_strange", what + strange(1, bytes_))
        seed("dtls", f"copied_{at}", what + altered(1, 0, 0) + altered(2, 13, 1) + altered(3, 40, 255))


# --- journals: see things[] in fuzz_audit.c ------------------------------------------------------------------


def audit():
    seed("audit", "whole", b"\5\xff")
    seed("audit", "cut", b"\5\6")
    for at in (0, 8, 64, 111, 112, 127):
        seed("audit", f"altered_{at}", bytes([0, 3, at, 1]))
    seed("audit", "altered_and_back", bytes([0, 3, 9, 1, 0, 3, 9, 1]))
    seed("audit", "swapped", b"\2\3\4")
    seed("audit", "swapped_back", b"\2\3\4\2\3\4")
    seed("audit", "taken_out", b"\3\0")
    seed("audit", "last_taken_out", b"\3\x0b")
    seed("audit", "written", b"\4\x80" + bytes(128))
    seed("audit", "nothing", b"\5\0\4\0")


# --- packets of the agent's socket ---------------------------------------------------------------------------


def packet(kind, body=b"", version=1, tag=7, left=0, outcome=0, flags=0):
    return b"LK" + struct.pack(">BBIHBB", version, kind, tag, left, outcome, flags) + body


def packets():
    ping = message(0, 1)
    seed("liblurk_packet", "request", packet(1, ping, left=800))
    seed("liblurk_packet", "request_of_256", packet(1, message(1, 6, bytes(240)), left=65535, flags=255))
    seed("liblurk_packet", "answer", packet(2, message(0, 1, status=1)))
    for outcome in range(1, 8):
        seed("liblurk_packet", f"outcome_{outcome}", packet(2, outcome=outcome))
    seed("liblurk_packet", "status_request", packet(3))
    seed("liblurk_packet", "status", packet(4, b"servers 3\nhealthy 2\n"))
    seed("liblurk_packet", "version_2", packet(1, ping, version=2))
    seed("liblurk_packet", "unknown_in_version_3", packet(2, version=3, outcome=5))
    seed("liblurk_packet", "two_messages", packet(1, ping + ping))
    seed("liblurk_packet", "length_4gib", packet(1, message(0, 1, length=0xFFFFFFFF)))
    seed("liblurk_packet", "half_head", b"LK\1\1\0\0")


def answers():
    """See fuzz_liblurk_answer.c: framing, length of pieces, then answers to its ten calls."""
    exchanges = ((0, 0), (0, 1), (1, 0), (1, 2), (1, 6), (2, 2), (240, 2), (240, 4), (2, 0), (240, 0))
    ids = [0x7E7E7E7E7E7E7E00 + n for n in range(10)]
    good = (b"\0\2\0\1abcd", b"", b"\0\0\0\1\0abcd", bytes(48), b"\0\2ab", bytes(20), bytes(48), b"\0\2ab", bytes(16), bytes(14))
    said = [message(*exchanges[n], good[n], status=1, number=ids[n]) for n in range(10)]
    fault = lambda n, status, payload=b"abcd": message(0, exchanges[n][1], payload, status=status, number=ids[n])
    stream = lambda body, piece=65535: b"\0" + struct.pack(">H", piece) + body
    seed("liblurk_answer", "all", stream(b"".join(said)))
    seed("liblurk_answer", "all_bytewise", stream(b"".join(said), 0))
    seed("liblurk_answer", "reversed", stream(b"".join(said[::-1]), 33))
    seed("liblurk_answer", "faults", stream(b"".join(fault(n, n + 2) for n in range(8))))
    seed("liblurk_answer", "bare_faults", stream(b"".join(fault(n, n + 2, b"") for n in range(8))))
    seed("liblurk_answer", "fault_of_five", stream(said[0] + fault(1, 5, b"abcde") + said[2]))
    seed("liblurk_answer", "strays", stream(message(0, 1, status=1, number=9) + message(0, 1, number=ids[1]) + said[1] * 2))
    seed("liblurk_answer", "third_designation", stream(message(9, 6, b"abcd", status=5, number=ids[4])))
    seed("liblurk_answer", "cut_lost", stream(said[1] + message(1, 6, status=1, number=ids[4], length=15)))
    for n in range(8):
        seed("liblurk_answer", f"datagram_{n}", b"\1\xff\xff" + said[n])
    with open(f"{TOP}/../vectors/lurk/tls13.json") as f:
        signed = bytes.fromhex(json.load(f)["s_init_cert_verify"][0]["response"])
    seed("liblurk_answer", "tls13_signed", stream(signed[:4] + struct.pack(">Q", ids[5]) + signed[12:]))
    seed("liblurk_answer", "capabilities", stream(said[8] + said[9], 25))
    seed("liblurk_answer", "packet", b"\2\xff\xff" + packet(2, said[1], tag=0x10001))
    for outcome in range(1, 8):
        seed("liblurk_answer", f"packet_outcome_{outcome}", b"\2\xff\xff" + packet(2, outcome=outcome, tag=0x10003))
    seed("liblurk_answer", "packets", b"\2\0\x1b" + b"".join(packet(2, said[1], tag=n) for n in (0x10001, 7)))


# --- files of the channel: which of certificate, key, authority, list; 4: for DTLS -------------------------


def channel_files():
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([f"{TOP}/../support/pki.sh", directory, "rsa2048=0", "p256=0"], check=True, capture_output=True)
        files = {}
        for name in ("server.crt", "server.key", "ca.crt", "crl.pem", "crl-revoked.pem", "stranger.key"):
            with open(f"{directory}/{name}", "rb") as f:
                files[name] = f.read()
    own = (("certificate", "server.crt"), ("key", "server.key"), ("authority", "ca.crt"), ("list", "crl-revoked.pem"))
    for which, (name, file) in enumerate(own):
        seed("channel_files", name, bytes([which]) + files[file])
        seed("channel_files", f"{name}_dtls", bytes([which | 4]) + files[file])
        seed("channel_files", f"{name}_empty", bytes([which]))
        seed("channel_files", f"{name}_cut", bytes([which]) + files[file][:-80])
        seed("channel_files", f"{name}_twice", bytes([which]) + files[file] * 2)
        seed("channel_files", f"{name}_other", bytes([which]) + files["stranger.key"])


# --- tls13, split: which payload, then the payload; see fuzz_tls13.c and fuzz_split.c ---------------------


def vectors(name):
    with open(f"{TOP}/../vectors/lurk/{name}.json", encoding="utf-8") as f:
        return json.load(f)


def tls13():
    rows = vectors("tls13")["s_init_cert_verify"]
    request = bytes.fromhex(rows[0]["request"])[16:]
    for at, row in enumerate(rows):
        seed("tls13", f"request_{at}", b"\0" + bytes.fromhex(row["request"])[16:])
        seed("tls13", f"reply_{at}", b"\1" + bytes.fromhex(row["response"])[16:])
    head, messages, tail = request[:39], request[43:267], request[267:]
    client, server, rest = messages[:128], messages[128:218], messages[218:]
    retry = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
    hrr = b"\2\0\0\x34\3\3" + retry + b"\0" + bytes.fromhex("1301" "00" "000c" "002b00020304" "00330002001d")
    ask = bytes.fromhex("0d00000b" "00" "0008" "000d0004" "00020403")
    count = lambda data: struct.pack(">I", len(data)) + data
    whole = lambda parts: b"\0" + head + count(b"".join(parts)) + tail
    seed("tls13", "retry", whole((client, hrr, client, server, rest)))
    seed("tls13", "certificate_request", whole((client, server, rest, ask)))
    seed("tls13", "retry_last", whole((client, hrr, rest)))
    made = server[:3] + bytes([server[3] - 32]) + server[4:42] + b"\0\x0e" + server[44:50]
    made += b"\0\x33\0\4\0\x1d\0\0"
    seed("tls13", "cs_generated", b"\0\0" + b"\1\2\3\4" + b"\1\2" + count(client + made + rest) + tail)
    entry = lambda der: struct.pack(">I", len(der))[1:] + der + b"\0\0"
    forms = b"\0\x82\0" + struct.pack(">I", 20)[1:] + entry(b"0\3\2\1\1") * 2
    seed("tls13", "uncompressed", b"\0" + head + count(messages) + forms + tail[13:])
    seed("tls13", "no_certificate", b"\0" + head + count(messages) + b"\0\x80" + tail[13:])
    seed("tls13", "reply_session", b"\1\0\1\2\3\4\2\0\7\0\x1d\0\3abc\0\0\0\1s")
    seed("tls13", "capabilities", b"\2" + bytes.fromhex("03000102" "03000102" "020102" "0002001d" "00021301" "00020807"
                                                       "000400810082" "000493c5cfd7"))


def split():
    for at, row in enumerate(vectors("split")["tests"]):
        request, reply = bytes.fromhex(row["request"]), bytes.fromhex(row["response"])
        seed("split", f"request_{at}", request[2:3] + request[16:])
        seed("split", f"reply_{at}", bytes([reply[2] | 0x80]) + reply[16:])
    seed("split", "capabilities", bytes.fromhex("00" "03000102" "0100" "0100" "020102" "00020401" "00020017"
                                                "000800e5c8b4b1020010"))


# --- key files of the edge: DER and PEM -------------------------------------------------------------------


def der(tag, *parts):
    value = b"".join(parts)
    head = bytes([len(value)]) if len(value) < 128 else bytes([0x81, len(value)]) if len(value) < 256 else \
        b"\x82" + struct.pack(">H", len(value))
    return bytes([tag]) + head + value


def edge_keyfiles():
    spki = openssl("pkey", "-pubout", "-outform", "DER", data=openssl(
        "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))

    def made(version=1, agent=b"@lurk-agent", key_id=hashlib.sha256(spki).digest(), **options):
        pairs = [der(0x30, der(0x0c, n.encode()), der(0x0c, v.encode())) for n, v in options.items()]
        return der(0x30, der(2, bytes([version])), spki, der(4, key_id), der(0x0c, agent), der(0x30, *pairs))

    def pem(label, body):
        return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(body) + f"-----END {label}-----\n".encode()

    seed("edge_keyfile", "plain", made())
    seed("edge_keyfile", "options", made(mode="full", fallback="sign"))
    seed("edge_keyfile", "unknown_option", made(colour="red"))
    seed("edge_keyfile", "twice", pem("LURK PRIVATE KEY", made(mode="sign")) * 2)
    seed("edge_keyfile", "no_agent", made(agent=b""))
    seed("edge_keyfile", "version_2", made(version=2))
    seed("edge_keyfile", "another_id", made(key_id=bytes(32)))
    seed("edge_keyfile", "standard_label.pem", pem("PRIVATE KEY", made()))
    seed("edge_keyfile", "bundle.pem", lambda: openssl("genpkey", "-algorithm", "ed25519") + pem("LURK PRIVATE KEY", made()))
    seed("edge_keyfile", "cut.pem", pem("LURK PRIVATE KEY", made())[:-30])


# --- the agent: steps of a session, configurations, DNS answers --------------------------------------


def lurk_packet(tag, number, payload=b"", kind=1, version=1, status=0):
    message = struct.pack(">BBBBQI", 1, 1, 6, status, number, 16 + len(payload)) + payload
    body = message if kind == 1 else b""
    return struct.pack(">2sBBIHBB", b"LK", version, kind, tag, 0, 0, 0) + body


def session(*steps):
    return b"".join(struct.pack(">BH", what, len(data)) + data for what, data in steps)


def agent_sessions():
    come, ask = [(0, b""), (1, b""), (2, b"")], lurk_packet(1, 7, b"x" * 80)
    rows = {
        "asked_and_answered": come + [(0, ask), (0, lurk_packet(2, 7)), (0x61, b"\0" + b"y" * 40), (0x71, b"\1")],
        "busy_then_another": come + [(0, ask), (0x60, b"\0"), (0x61, b"\0")],
        "large_answer": come + [(0, ask), (0x81, b"\0" + b"z" * 6000)],
        "large_requests": come + [(1, lurk_packet(i, i, b"l" * 3000)) for i in range(4)],
        "flood": come + [(2, lurk_packet(i, i)) for i in range(9)],
        "never_reads": come + [(0x90, b"")] + [(0, ask)] * 3 + [(0x61, b"\0"), (0x61, b"\1"), (0xc0, b"t" * 300)],
        "reads_again": come + [(0x90, b""), (0, ask), (0x61, b"\0"), (0x90, b""), (0xa2, b"")],
        "goes": come + [(0, ask), (0xb0, b""), (0x61, b"\0")],
        "line_dies": come + [(0, ask), (1, ask), (0xd0, b""), (0xd1, b""), (0xe0, b""), (0, ask)],
        "times_out": come + [(0, ask), (0xc0, b"t" * 90), (0xc0, b"t" * 90), (0xc0, b"t" * 90)],
        "leaves": come + [(0, ask), (0xf0, b""), (0, ask), (0x61, b"\0")],
        "stranger": [(0, b"1234567"), (0, ask), (0, ask)],
        "status": come + [(0, lurk_packet(3, 0, kind=3))],
        "malformed": come + [(0, b"LK"), (0, lurk_packet(1, 1, version=2)), (0, lurk_packet(1, 1, kind=7)),
                             (0, lurk_packet(1, 1, status=1)), (0, ask + b"!"), (0, b"")],
    }
    for name, steps in rows.items():
        seed("agent_session", name, session(*steps))


def agent_confs():
    least = ("channel: {certificate: /e.pem, key: /e.key, ca: /ca.pem}\nsockets: [{path: /run/a.sock}]\n"
             "servers: [{name: one, host: 127.0.0.1, port: 1, server_name: k.example}]\n")
    rows = {
        "least": least,
        "more": least + "allow: [{user: www-data}, {group: 33}]\nsrv:\n  - name: s\n    service: _lurk._tcp.example.net\n"
                        "    server_name: k.example\n    transport: dtls\nrequests: {try: 1 s, total: 2 s}\n",
        "abstract": least.replace("/run/a.sock", '"@edge", mode: "0600"'),
        "wrong": least + "requests: {tri: 1}\nfleet: {connections: 99}\nallow: [{}]\nlimits: []\n",
        "mode": least.replace("/run/a.sock", "/a, mode: 0999"),
        "empty": "",
    }
    for name, text in rows.items():
        seed("agent_conf", name, text.encode())


def dns_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def agent_srvs():
    question = dns_name("_lurk._tcp.example.net") + struct.pack(">HH", 33, 1)
    head = lambda answers: struct.pack(">HHHHHH", 1, 0x8180, 1, answers, 0, 0) + question

    def record(target, port=7880, priority=0, weight=5, ttl=60, kind=33):
        data = struct.pack(">HHH", priority, weight, port) + target
        return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data

    rows = {
        "one": head(1) + record(dns_name("a.example.net")),
        "two": head(2) + record(dns_name("a.example.net"), ttl=300) + record(dns_name("b.example.net"), priority=10),
        "pointer": head(1) + record(b"\1a\xc0\x17"),
        "loop": head(1) + record(b"\xc0" + bytes([len(head(1)) + 18])),
        "root": head(1) + record(b"\0"),
        "cname_first": head(2) + record(dns_name("x"), kind=5) + record(dns_name("a.example.net")),
        "cut": (head(2) + record(dns_name("a.example.net")))[:-3],
        "none": head(0),
    }
    for name, data in rows.items():
        seed("agent_srv", name, data)


# --- what libssl hashes on an edge: pieces behind their lengths ---------------------------------------------


def edge_transcripts():
    message = lambda kind, size: bytes([kind]) + size.to_bytes(3, "big") + b"\3\3" + bytes(size - 2)
    datagram = lambda kind, size, at: (bytes([kind]) + size.to_bytes(3, "big") + struct.pack(">H", at) + bytes(3)
                                       + size.to_bytes(3, "big") + bytes(size))
    pieces = lambda *parts: b"".join(struct.pack(">H", len(p)) + p for p in parts)
    hello, flight = message(1, 180), [message(kind, size) for kind, size in ((2, 86), (8, 6), (11, 500))]
    seed("edge_transcript", "tls13", pieces(hello + flight[0], *flight[1:]))
    seed("edge_transcript", "retried", pieces(bytes([254, 0, 0, 32]) + bytes(32) + flight[0] + hello + flight[0], *flight[1:]))
    seed("edge_transcript", "rsa", pieces(hello, *(message(kind, 60) for kind in (2, 11, 22, 13, 14, 11, 16))))
    seed("edge_transcript", "ended", pieces(hello, flight[0], message(12, 200)))
    whole = datagram(11, 700, 1)
    seed("edge_transcript", "datagrams", pieces(datagram(1, 90, 0), datagram(2, 60, 0), whole[:300], whole[300:]))
    seed("edge_transcript", "cut", pieces(hello[:-1]))


# --- certificate requests: what is signed of one behind its length, then the certificate that bounds it ------


def signed_part(whole):
    """The first element inside a DER sequence of more than 255 bytes or fewer."""
    element = lambda data: 2 + (data[1] & 0x7f if data[1] & 0x80 else 0)
    inner = whole[element(whole):]
    size = inner[1] if inner[1] < 0x80 else int.from_bytes(inner[2:element(inner)], "big")
    return inner[:element(inner) + size]


def cert_requests():
    names = "subjectAltName=DNS:www.example,DNS:shop.example"
    rows = {
        "names": ("/CN=www.example", names),
        "subject": ("/O=Shop/CN=www.example",),
        "all": ("/CN=shop.example", names, "keyUsage=critical,digitalSignature,keyEncipherment", "basicConstraints=CA:FALSE",
                "extendedKeyUsage=serverAuth,clientAuth", "tlsfeature=status_request", "subjectKeyIdentifier=hash"),
        "authority": ("/CN=www.example", "basicConstraints=CA:TRUE"),
        "other_names": ("/CN=bank.example", "subjectAltName=DNS:bank.example,IP:192.0.2.1"),
    }
    with tempfile.TemporaryDirectory() as directory:
        key, conf = f"{directory}/key", f"{directory}/conf"
        with open(key, "wb") as f:
            f.write(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
        with open(conf, "w") as f:
            f.write("[req]\ndistinguished_name=dn\n[dn]\n")
        make = lambda subject, *more: openssl("req", "-new", "-config", conf, "-key", key, "-outform", "DER", "-subj", subject,
                                              *(word for one in more for word in ("-addext", one)))
        crt = openssl("req", "-new", "-x509", "-config", conf, "-key", key, "-outform", "DER", "-subj", "/O=Shop/CN=www.example",
                      "-addext", names)
        for name, (subject, *more) in rows.items():
            info = signed_part(make(subject, *more))
            seed("cert_request", name, struct.pack(">H", len(info)) + info + crt)


if __name__ == "__main__":
    for make in (tls13, split, cert_requests, keys, chains, edges, control, children, streams, home, tls, dtls, audit, packets,
                 answers, channel_files, edge_keyfiles, edge_transcripts, agent_sessions, agent_confs, agent_srvs):
        make()
