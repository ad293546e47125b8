# defence: half a message is not waited for longer than a handshake
# file: io/conn.c
# test: unit/io/conn_test
# red: conn_with_half_a_message_is_not_waited_for
s/    if (conn->part != NULL || conn->head_len > 0)$/    if (false)/
