# defence: private numbers are wiped when they were used
# file: tools/provider/kept.c
# test: unit/provider/kept_test
# red: kept_is_wiped_when_it_was_used
/^void lk_kept_private_drop_all/,/^}/s/LK_WIPE(kept->private);//
