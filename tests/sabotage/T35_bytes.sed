# defence: the same id with other bytes is another request
# file: io/responses.c
# test: unit/io/responses_test
# red: responses_take_other_bytes_as_new
s/e->hash == hash \&\& //;s/(uint32_t)(hash + association)/(uint32_t)association/
