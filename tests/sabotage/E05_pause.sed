# defence: a server that says temporary_failure has a pause
# file: tools/lurk-agent/broker.c
# test: unit/agent/fleet_test
# red: fleet_spares_a_server_that_refuses
s/^    s->hold_until_ns = .*/    s->hold_until_ns = now_ns;/
