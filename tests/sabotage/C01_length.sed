# defence: a fault has a state of four bytes, or nothing
# file: tools/liblurk/answer.c
# test: unit/liblurk/message_test
# red: answer_is_judged_by_the_rules
/payload.len != 0 && payload.len != LK_STATE_BYTES/d
