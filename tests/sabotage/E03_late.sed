# defence: a request that nobody waits for any more is not sent
# file: tools/lurk-agent/desk.c
# test: unit/agent/desk_test
# red: desk_sends_nothing_that_nobody_waits_for
s/if (left_ns == 0) return reply_outcome(d, c, packet->tag, LK_PACKET_TIMEOUT);//
