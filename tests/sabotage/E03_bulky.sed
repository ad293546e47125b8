# defence: a client cannot make a key server close a connection that all share
# file: tools/lurk-agent/broker.c
# test: unit/agent/broker_test
# red: broker_sends_few_bulky_ones_at_a_time
s/ s->line\[i\].bulky >= LK_AGENT_BULKY_PER_LINE/ s->line[i].bulky > 1000000/
