# defence: kept answers are wiped when they go
# file: io/responses.c
# test: unit/io/responses_test
# red: responses_wipe_what_goes
s/    lk_wipe(body_of(r, index), e->len);//
