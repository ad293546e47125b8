# defence: an answer that may not be accepted ends the connection
# file: tools/liblurk/client.c
# test: unit/liblurk/client_test
# red: unacceptable_answer_ends_the_connection
s/if (judged == LURK_ERR_ANSWER) return unit_refuse(client, call);//
