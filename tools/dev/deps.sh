#!/bin/sh
# Installs what lurk needs from the distribution and this machine lacks; silent when nothing is missing.
# No service of what it installs is started.
# Usage: deps.sh build|demo|test|bench      each includes build, and test demo. Not root: prints the line to type and exits 2.
set -eu

# package, what it is for
build='
gcc                     C compiler
libc6-dev               C library headers
pkg-config              finds the libraries
libssl-dev              TLS, DTLS, X.509, the library engine
liburing-dev            io_uring
libjemalloc-dev         allocator
libyaml-dev             configuration text
libjansson-dev          JSON of lurkctl and of test vectors
libevent-dev            metrics and health page
libsystemd-dev          service manager and journal
libc-ares-dev           DNS of the edge agent
libhwloc-dev            CPU and NUMA layout
libseccomp-dev          sandbox
python3                 table of multiples of P-256
scdoc                   manual pages
openssl                 throw-away certificates of demo and tests'
demo='
python3-cryptography    independent edge of the interop tests
nginx                   serves TLS with remote keys in stories of the edge
haproxy                 the same, and without blocking
curl                    asks them, and shows a certificate of its own'
test='
libcmocka-dev           unit tests
clang                   fuzz targets, static analysis
libclang-rt-14-dev      fuzzing runtime
lld                     links hundreds of test programs
llvm                    names functions in what sanitizers report
prometheus              promtool judges the metrics page
procps                  ps, pgrep in lifecycle tests
valgrind                constant-time checks
apache2-bin             serves TLS with remote keys, with threads
lighttpd                the same, with one thread
lighttpd-mod-openssl    its TLS'
bench='
g++                     shim of the benchmarks
libbenchmark-dev        runs and interleaves them
python3                 benchmarks of whole servers
python3-cryptography    the edge of the benchmarks of edges
nginx                   serves TLS with remote keys there
haproxy                 the same
linux-perf              says where time goes'

case ${1:-} in
build) want=$build ;;
demo) want="$build$demo" ;;
test) want="$build$demo$test" ;;
bench) want="$build$bench" ;;
*)
    echo "usage: deps.sh build|demo|test|bench" >&2
    exit 2
    ;;
esac

missing=
for package in $(printf '%s\n' "$want" | awk 'NF { print $1 }'); do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "missing from this machine:"
for package in $missing; do
    printf '%s\n' "$want" | awk -v p="$package" '$1 == p { print "  " $0 }'
done
if [ "$(id -u)" -ne 0 ]; then
    echo "type:  sudo apt-get install$missing"
    exit 2
fi
policy=/usr/sbin/policy-rc.d # asked by packages before they start a service; 101: do not
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
for package in $missing; do
    case $package in
    nginx | haproxy | lighttpd) ! command -v systemctl >/dev/null || systemctl --quiet disable "$package" || true ;;
    esac
done
