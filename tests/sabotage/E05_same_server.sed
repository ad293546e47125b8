# defence: the second try goes to another server
# file: tools/lurk-agent/broker.c
# test: unit/agent/broker_test
# red: broker_tries_last_as_long_as_they_may
s/    uint16_t line = pick(b, before, at->needs, now_ns, why);/    uint16_t line = at->line_before != LK_LINE_NONE ? line_pick(b, before, 0) : pick(b, before, at->needs, now_ns, why);/
