# defence: an answer counts only from where the request was sent
# file: tools/lurk-agent/broker.c
# test: unit/agent/broker_test
# red: broker_drops_answers_to_nothing_and_of_others
s/    if (!current \&\& !late) return LK_ANSWERED_STRANGE;/    (void)late;/
