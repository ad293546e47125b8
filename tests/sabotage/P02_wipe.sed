# defence: what the provider kept is wiped when it was used
# file: tools/provider/kept.c
# test: unit/provider/kept_test
# red: kept_is_wiped_when_it_was_used
/^static void entry_drop/,/^}/s/lk_wipe(entry, ring->bytes);/memset(entry, 0, sizeof(struct lk_kept_stamp));/
