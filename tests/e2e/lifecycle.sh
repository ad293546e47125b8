#!/bin/sh
# The life of a lurkd: start, death of a child, reload, drain, and what it refuses. Nothing here waits by
# guessing: every wait is for something to become true, with a bound.
top=$(cd "$(dirname "$0")/../.." && pwd)
bin=${LURK_BIN:-$top/build/release/bin}
dir=$(mktemp -d)
passed=0 failed=0 pid=
trap 'stop_hard; rm -rf "$dir"' EXIT

ok() { passed=$((passed + 1)); echo "ok $1"; }
bad() {
    failed=$((failed + 1))
    echo "FAILED $1"
    tail -n 15 "$dir/log" 2>/dev/null
}
expect() { # NAME COMMAND...
    name=$1
    shift
    if "$@"; then ok "$name"; else bad "$name"; fi
}
# Waits until COMMAND holds, at most SECONDS.
within() { # SECONDS COMMAND...
    until=$(($(date +%s) + $1 + 1))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$until" ] || return 1
        sleep 0.02
    done
}
gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }

port=$((20000 + $$ % 20000))
conf() { # PORT [USES]
    cat <<CONF
server:
  state_dir: $dir/state
  control_socket: $dir/control.sock
  log_target: stderr
channel:
  certificate: $dir/pki/server.crt
  key: $dir/pki/server.key
  ca: $dir/pki/ca.crt
  crl: $dir/pki/crl.pem
limits:
  drain: 5 s
listen:
  - address: 127.0.0.1
    port: $1
    transport: tls
tenants:
  - name: shop
keys:
  - name: decrypt
    tenant: shop
    file: $dir/pki/keys/rsa2048-1.key
    chain: $dir/pki/keys/rsa2048-1.crt
    uses: [tls12-rsa]
  - name: sign
    tenant: shop
    file: $dir/pki/keys/p256-1.key
    uses: [${2:-tls12-sign}]
edges:
  - name: edges
    tenant: shop
    match: "uri:lurk://edge/*"
rules:
  - name: everything
    tenant: shop
    edges: all
    keys: all
    exchanges: all
    hashes: [sha256, sha384, sha512]
    require_poo: false
CONF
}

start() { # [ARGUMENT...]
    : >"$dir/log"
    "$bin/lurkd" -c "$dir/lurkd.conf" "$@" >>"$dir/log" 2>&1 </dev/null &
    pid=$!
}
stop_hard() {
    [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
    pid=
}
# A field of the status, by a path such as .epoch; "children.front.pid" names one of a child.
status() {
    "$bin/lurkctl" --json -s "$dir/control.sock" status 2>/dev/null | python3 -c '
import json, sys
reply = json.load(sys.stdin)
reply["children"] = {c["role"]: c for c in reply["children"]}
for part in sys.argv[1].split("."):
    reply = reply[part]
print(reply)' "$1" 2>/dev/null
}
serving() { [ "$(status state)" = serving ]; }
generation_above() { [ "$(status generation)" -gt "$1" ]; }
new_child() { # ROLE OLD-PID
    now=$(status "children.$1.pid") && [ "$now" != "$2" ] && [ "$now" != 0 ] && serving
}
# Requests of both kinds, each answer checked; what was refused or wrong is counted against it.
answers() {
    "$bin/lurk-bench" --transport tls --ca "$dir/pki/ca.crt" --cert "$dir/pki/edge-1.crt" \
        --key "$dir/pki/edge-1.key" --keys "$dir/pki/keys/rsa2048-1.crt,$dir/pki/keys/p256-1.crt" \
        --mix ecdhe=1,rsa_master=1 --connections 2 --in-flight 2 --warmup 0s --duration 0.3s --verify 100% \
        "$@" "127.0.0.1:$port" >"$dir/bench" 2>&1
    grep -q '^answers: [1-9][0-9]* good, [1-9][0-9]* of them verified, 0 refused, 0 wrong, 0 double' "$dir/bench" ||
        { cat "$dir/bench"; return 1; }
}
said() { grep -q "$1" "$dir/log"; }
children_end_well() { ! said "did not end well"; }

"$top/tests/support/pki.sh" "$dir/pki" rsa2048=1 p256=1 edge=1 >/dev/null || exit 1
conf "$port" >"$dir/lurkd.conf"

# --- start, serve --------------------------------------------------------------------------------
check() { "$bin/lurkd" --check -c "$dir/lurkd.conf" >"$dir/check" 2>&1; }
expect check_finds_no_fault check
expect check_tells_channel_from_site_key grep -q 'p256-1.key (sign, .*a site key' "$dir/check"
start
expect server_serves within 10 serving
if [ "$failed" -gt 0 ]; then
    echo "$passed passed, $failed failed"
    exit 1
fi
expect server_answers answers
misnamed() { ! answers --server-name elsewhere.example >/dev/null && grep -q 'of another host; --server-name says' "$dir/bench"; }
expect bench_says_which_option_names_the_server misnamed
expect second_server_on_the_port_is_refused sh -c \
    "! '$bin/lurkd' -c '$dir/lurkd.conf' >'$dir/second' 2>&1 && grep -q 'control_socket\|in use' '$dir/second'"
front=$(status children.front.pid) vault=$(status children.vault.pid)
expect children_have_a_filter sh -c \
    "grep -q '^Seccomp:.2' /proc/$front/status && grep -q '^Seccomp:.2' /proc/$vault/status"
expect children_gain_no_privileges sh -c \
    "grep -q '^NoNewPrivs:.1' /proc/$front/status && grep -q '^NoNewPrivs:.1' /proc/$vault/status"
expect children_inherit_no_environment sh -c "! tr '\\0' '\\n' </proc/$front/environ | grep -q '^HOME='"
expect vault_has_no_socket_but_its_channel sh -c \
    "[ \$(ls -l /proc/$vault/fd | grep -c socket:) -eq 1 ]"
# Its last descriptor is the first that the kernel gives back: what io/child.c says of behind_all.
expect vault_has_its_channel_behind_all sh -c \
    "ls -v -l /proc/$vault/fd | tail -n 1 | grep -q socket:"

# --- deaths --------------------------------------------------------------------------------------
kill -9 "$front"
expect front_is_started_again within 10 new_child front "$front"
expect server_answers_with_a_new_front answers
kill -9 "$vault"
expect vault_is_started_again within 10 new_child vault "$vault"
expect server_answers_with_a_new_vault answers
vault=$(status children.vault.pid) front=$(status children.front.pid)
kill -STOP "$vault"
expect stopped_vault_is_replaced within 15 new_child vault "$vault"
kill -STOP "$front"
expect stopped_front_is_replaced within 15 new_child front "$front"
expect server_answers_after_both answers

# --- reload --------------------------------------------------------------------------------------
generation=$(status generation)
kill -HUP "$pid"
expect hup_brings_a_new_generation within 10 generation_above "$generation"
expect server_answers_after_a_reload answers
generation=$(status generation)
conf "$port" tls12-sing >"$dir/lurkd.conf"
expect bad_configuration_is_refused sh -c "! '$bin/lurkctl' -s '$dir/control.sock' reload 2>'$dir/refusal'"
expect refusal_names_file_and_line grep -q "lurkd.conf:[0-9][0-9]*: .*tls12-sing" "$dir/refusal"
conf "$port" >"$dir/lurkd.conf"
chmod 0640 "$dir/pki/keys/p256-1.key"
expect readable_key_is_refused sh -c "! '$bin/lurkctl' -s '$dir/control.sock' reload 2>'$dir/refusal'"
expect refusal_names_the_key grep -q 'key sign: .*p256-1.key: .*0640' "$dir/refusal"
expect check_refuses_it_too sh -c "! '$bin/lurkd' --check -c '$dir/lurkd.conf' >/dev/null 2>&1"
chmod 0600 "$dir/pki/keys/p256-1.key"
mv "$dir/pki/keys/p256-1.key" "$dir/pki/keys/real.key"
ln -s real.key "$dir/pki/keys/p256-1.key"
expect symbolic_link_is_refused sh -c "! '$bin/lurkctl' -s '$dir/control.sock' reload 2>'$dir/refusal'"
expect refusal_says_link grep -q 'symbolic link' "$dir/refusal"
rm "$dir/pki/keys/p256-1.key"
mv "$dir/pki/keys/real.key" "$dir/pki/keys/p256-1.key"
expect old_generation_stayed [ "$(status generation)" = "$generation" ]
expect server_answers_after_refusals answers
expect good_reload_works_again "$bin/lurkctl" -s "$dir/control.sock" reload

# --- journal, drain -------------------------------------------------------------------------------
good=$(sed -n 's/^answers: \([0-9]*\) good.*/\1/p' "$dir/bench")
journaled() { [ "$(grep -c '"exchange"' "$dir/state/audit.log")" -ge "$good" ]; }
expect each_use_of_a_key_is_journaled within 5 journaled
front=$(status children.front.pid) vault=$(status children.vault.pid)
kill -TERM "$pid"
wait "$pid"
expect term_ends_with_0 [ $? -eq 0 ]
expect children_end_well_by_term children_end_well
# shellcheck disable=SC2016  # expanded when it is evaluated
expect nothing_is_left_running eval 'gone $front && gone $vault && [ ! -e "$dir/control.sock" ]'
expect no_chain_was_broken sh -c "! grep -q 'chain broken' '$dir/state/audit.log'"
pid=

# --- death of the supervisor -----------------------------------------------------------------------
start
expect server_serves_again within 10 serving
front=$(status children.front.pid) vault=$(status children.vault.pid)
kill -9 "$pid"
wait "$pid" 2>/dev/null
pid=
both_gone() { gone "$front" && gone "$vault"; }
expect children_end_with_the_supervisor within 5 both_gone

# --- notifications, one process, refusals at start -----------------------------------------------------
python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(30)
print("bound", flush=True)
while True:
    text = s.recv(4096).decode()
    print(text, flush=True)
    if "STOPPING=1" in text: break' "$dir/notify.sock" >"$dir/notified" &
listener=$!
expect notify_socket_is_there within 5 grep -q bound "$dir/notified"
NOTIFY_SOCKET="$dir/notify.sock" start
expect ready_is_notified within 10 grep -q READY=1 "$dir/notified"
kill -HUP "$pid"
expect reloading_is_notified within 10 grep -q RELOADING=1 "$dir/notified"
kill -INT "$pid"
wait "$pid"
expect int_ends_with_0 [ $? -eq 0 ]
expect children_end_well_by_int children_end_well
expect stopping_is_notified within 5 grep -q STOPPING=1 "$dir/notified"
kill "$listener" 2>/dev/null
pid=

start --one-process
expect one_process_serves within 10 serving
expect one_process_answers answers
kill -TERM "$pid"
wait "$pid"
expect one_process_ends_with_0 [ $? -eq 0 ]
pid=

conf "$port" tls12-sing >"$dir/lurkd.conf"
start
wait "$pid"
expect bad_configuration_does_not_start [ $? -eq 1 ]
expect and_says_where said 'lurkd.conf:[0-9]'
pid=
conf "$port" >"$dir/lurkd.conf"
cp "$dir/pki/server.crt" "$dir/pki/keys/p256-1.key"
start
wait "$pid"
expect certificate_as_key_does_not_start [ $? -eq 1 ]
expect and_names_the_key said 'key sign'
# One of them in the middle of a prime.
expect children_that_are_not_wanted_end_well children_end_well
pid=

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
