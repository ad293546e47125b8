# defence: a client that is not allowed gets no request through
# file: tools/lurk-agent/desk.c
# test: unit/agent/desk_test
# red: desk_answers_a_stranger_once_and_closes
s/    if (!d->client\[c\].allowed) {/    if (false) {/
