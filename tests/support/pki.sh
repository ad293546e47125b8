#!/bin/sh
# Makes a throw-away PKI in DIR for tests, demo and bench: never for use outside this machine.
#
# Usage: pki.sh DIR [NAME=COUNT ...]
#   site keys   rsa2048 rsa3072 rsa4096 rsa8192 rsapss2048 p256 p384 p521 ed25519 ed448 (default rsa2048=2 p256=1)
#   edges       edge=COUNT (default 2)
# PKI_FROM: a folder that it made before. What is there is copied, and made only where it is missing, since a test
# makes a PKI of its own, of forty processes.
#
# Leaves (keys mode 0600, everything PEM, valid 30 days; what exists already is kept):
#   ca.crt ca.key crl.pem              the channel's authority and its empty CRL
#   server.crt server.key              the server's channel certificate: localhost, 127.0.0.1, ::1
#   edge-N.crt edge-N.key              an edge; SAN URI:lurk://edge/N
#   edge-dns.crt edge-dns.key          an edge named by SAN DNS:edge-dns.example
#   edge-revoked.crt .key crl-revoked.pem   an edge, and the CRL that names it
#   stranger-ca.crt stranger.crt .key  URI:lurk://edge/1 as well, by an authority nobody trusts
#   edge-expired.crt .key              URI:lurk://edge/1, over since long
#   keys/NAME-N.key .crt .pub          site keys, self-signed certificates (CN NAME-N.example), public keys
set -eu

die() {
    echo "pki.sh: $*" >&2
    exit 2
}

[ $# -ge 1 ] || die "usage: pki.sh DIR [rsa2048=2 p256=1 edge=2 ...]"
dir=$1
shift
case $dir in -*) die "usage: pki.sh DIR [rsa2048=2 p256=1 edge=2 ...]" ;; esac
command -v openssl >/dev/null || die "the openssl command is missing: apt-get install openssl"
umask 077
mkdir -p "$dir/keys"
cd "$dir"

log=pki.log
: >"$log"
run() {
    "$@" >>"$log" 2>&1 || die "failed: $* (see $dir/$log)"
}

ec_key() { # FILE
    [ -s "$1" ] || run openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

authority() { # NAME COMMON-NAME
    ec_key "$1.key"
    [ -s "$1.crt" ] || run openssl req -x509 -new -config pki.cnf -key "$1.key" -out "$1.crt" -days 30 \
        -subj "/CN=$2" -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign,cRLSign
}

# Signed by AUTHORITY, for USAGE (serverAuth or clientAuth), named SAN.
leaf() { # AUTHORITY NAME USAGE SAN [-startdate ... -enddate ...]
    authority=$1 name=$2 usage=$3 san=$4
    shift 4
    [ -s "$name.crt" ] && return
    ec_key "$name.key"
    [ $# -gt 0 ] || set -- -days 30
    printf '[ext]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n' >"$name.ext"
    printf 'extendedKeyUsage=%s\nsubjectAltName=%s\n' "$usage" "$san" >>"$name.ext"
    run openssl req -new -config pki.cnf -key "$name.key" -subj "/CN=$name" -out "$name.csr"
    run openssl ca -batch -config pki.cnf -name "$authority" -in "$name.csr" -out "$name.crt" \
        -extfile "$name.ext" -extensions ext -notext "$@"
    rm -f "$name.csr" "$name.ext"
}

site_algorithm() { # NAME -> arguments of genpkey
    case $1 in
    rsa[0-9]*) echo "-algorithm RSA -pkeyopt rsa_keygen_bits:${1#rsa}" ;;
    rsapss[0-9]*) echo "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:${1#rsapss}" ;;
    p256 | p384 | p521) echo "-algorithm EC -pkeyopt ec_paramgen_curve:P-${1#p}" ;;
    ed25519 | ed448) echo "-algorithm $1" ;;
    *) die "'$1' is no kind of key: rsa2048 rsa3072 rsa4096 rsa8192 rsapss2048 p256 p384 p521 ed25519 ed448 edge" ;;
    esac
}

site() { # NAME NUMBER
    key=keys/$1-$2
    if [ -n "$from" ] && [ -s "$from/$key.pub" ] && [ ! -e "$key.key" ]; then
        cp "$from/$key.key" "$from/$key.crt" "$from/$key.pub" keys
    fi
    # shellcheck disable=SC2046  # the arguments are words of our own
    [ -s "$key.key" ] || run openssl genpkey $(site_algorithm "$1") -out "$key.key"
    [ -s "$key.crt" ] || run openssl req -x509 -new -config pki.cnf -key "$key.key" -out "$key.crt" -days 30 \
        -subj "/CN=$1-$2.example" -addext "subjectAltName=DNS:$1-$2.example"
    [ -s "$key.pub" ] || run openssl pkey -in "$key.key" -pubout -out "$key.pub"
}

database() { # AUTHORITY: where openssl ca keeps what it signed
    printf '\n[%s]\ndatabase=%s.db\ncertificate=%s.crt\nprivate_key=%s.key\nnew_certs_dir=.\n' "$1" "$1" "$1" "$1"
    printf 'rand_serial=yes\ndefault_md=sha256\ndefault_days=30\ndefault_crl_days=30\n'
    printf 'unique_subject=no\npolicy=policy\ncopy_extensions=none\n'
}

for word in "$@"; do
    case $word in
    edge=[0-9]*) ;;
    *=[0-9]*) site_algorithm "${word%%=*}" >/dev/null ;;
    *) die "'$word': want NAME=COUNT, such as rsa2048=2" ;;
    esac
done

# Not from one that will soon be over.
from=$(find "${PKI_FROM:-/nonexistent}" -maxdepth 1 -name crl-revoked.pem -mtime -20 2>/dev/null || true)
from=${from%/*}
if [ -n "$from" ] && [ ! -e ca.db ]; then
    cp "$from"/*.crt "$from"/*.key "$from"/*.pem "$from"/*.db .
fi

{
    printf '[req]\ndistinguished_name=name\nprompt=no\n[name]\nCN=unnamed\n[policy]\ncommonName=supplied\n'
    database ca
    database stranger-ca
} >pki.cnf
for db in ca.db stranger-ca.db; do [ -e "$db" ] || : >"$db"; done

authority ca "lurk throw-away CA"
authority stranger-ca "lurk stranger CA"
leaf ca server serverAuth "DNS:localhost,IP:127.0.0.1,IP:::1"
leaf ca edge-dns clientAuth "DNS:edge-dns.example"
leaf ca edge-revoked clientAuth "URI:lurk://edge/1"
leaf stranger-ca stranger clientAuth "URI:lurk://edge/1"
leaf ca edge-expired clientAuth "URI:lurk://edge/1" -startdate 20200101000000Z -enddate 20200201000000Z
[ -s crl.pem ] || run openssl ca -config pki.cnf -name ca -gencrl -out crl.pem
if [ ! -s crl-revoked.pem ]; then
    run openssl ca -config pki.cnf -name ca -revoke edge-revoked.crt
    run openssl ca -config pki.cnf -name ca -gencrl -out crl-revoked.pem
fi

edges=2
sites=
for word in "$@"; do
    case $word in
    edge=*) edges=${word#edge=} ;;
    *) sites="$sites $word" ;;
    esac
done
for word in ${sites:-rsa2048=2 p256=1}; do
    n=1
    while [ "$n" -le "${word#*=}" ]; do
        site "${word%%=*}" "$n"
        n=$((n + 1))
    done
done
n=1
while [ "$n" -le "$edges" ]; do
    leaf ca "edge-$n" clientAuth "URI:lurk://edge/$n"
    n=$((n + 1))
done
rm -f ./*.pem.old ./*.db.old ./*.attr.old [0-9A-F]*.pem
