# defence: what waits to be sent is bounded
# file: tools/liblurk/client.c
# test: unit/liblurk/client_test
# red: calls_and_queue_are_bounded
/> client->queue_bytes_max) return LURK_ERR_FULL/d
