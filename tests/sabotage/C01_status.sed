# defence: a client drops an answer that is a request
# file: tools/liblurk/answer.c
# test: unit/liblurk/message_test
# red: answer_is_judged_by_the_rules
/if (header->status == LK_STATUS_REQUEST) return LURK_ERR_STRAY;/d
