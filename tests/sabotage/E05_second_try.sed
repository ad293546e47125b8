# defence: a request is tried twice and no more
# file: tools/lurk-agent/broker.c
# test: unit/agent/broker_test
# red: broker_tries_last_as_long_as_they_may
s/    if (at->tries >= 2 || at->until_ns <= now_ns) {/    if (at->until_ns <= now_ns) {/
