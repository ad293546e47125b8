# defence: requests and answers are wiped
# file: tools/lurk-agent/parcel.c
# test: unit/agent/desk_test
# red: desk_wipes_requests_and_answers
s/    lk_wipe(pool->memory + index \* pool->bytes, pool->used\[index\]);//
