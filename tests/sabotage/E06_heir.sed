# defence: a successor that dies before it serves changes nothing
# file: tools/lurk-agent/succession.c
# test: unit/agent/door_test
# red: succession_ends_the_agent_before_only_with_go
s/    if (go) s->go(s->owner, now_ns);/    s->go(s->owner, now_ns);/
