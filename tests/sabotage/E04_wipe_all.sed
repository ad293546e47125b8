# defence: all that an answer covered is wiped
# file: tools/lurk-agent/parcel.c
# test: unit/agent/desk_test
# red: desk_wipes_requests_and_answers
s/    if (len > pool->used\[index\]) pool->used\[index\] = (uint32_t)len;/    if (pool->used[index] == 0) pool->used[index] = (uint32_t)len;/
