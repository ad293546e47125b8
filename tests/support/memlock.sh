#!/bin/bash
# Whether this user may lock as much memory as the servers and loops of the tests do: exit 0. Else says on
# standard output what is needed and what there is, and exits 1.
need_mib=128
limit_kib=$(ulimit -H -l)
capabilities=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
# CAP_IPC_LOCK; the children of who is not root drop it.
[ "$(id -u)" -eq 0 ] && [ $((0x$capabilities >> 14 & 1)) -eq 1 ] && exit 0
[ "$limit_kib" = unlimited ] && exit 0
[ "$limit_kib" -ge $((need_mib * 1024)) ] && exit 0
echo "needs $need_mib MiB of locked memory; this user may lock $((limit_kib / 1024)) MiB (ulimit -l; as root, or memlock in /etc/security/limits.conf)"
exit 1
