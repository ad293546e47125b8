# defence: an answer finds the peer that asked, not the next one in its place
# file: io/conn.c
# test: unit/io/conn_test
# red: conn_of_a_place_is_never_its_former_one
s/return there && conn->generation == generation ? conn : NULL;/(void)generation; return there ? conn : NULL;/
