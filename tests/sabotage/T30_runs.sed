# defence: a journal that was cut or edited is noticed at start
# file: io/journal_file.c
# test: unit/io/journal_test
# red: journal_notices_a_cut_and_goes_on_beside_it
s/good = end->size == mark->size && memcmp(end->hash, mark->hash, sizeof end->hash) == 0;/good = true;/
