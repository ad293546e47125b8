# defence: a fault is the layer's or the request's own
# file: tools/liblurk/answer.c
# test: unit/liblurk/message_test
# red: answer_is_judged_by_the_rules
s/if ((!layer \&\& !own) || header->type/(void)own; if (header->type/
