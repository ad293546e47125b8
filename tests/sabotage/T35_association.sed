# defence: a kept answer is for the association that asked
# file: io/responses.c
# test: unit/io/responses_test
# red: responses_belong_to_one_association
s/e->association == association/true/;s/(uint32_t)(hash + association)/(uint32_t)hash/
