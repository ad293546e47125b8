# defence: a chain that is broken again and again fills no log
# file: io/journal.c
# test: unit/io/journal_test
# red: journal_tells_of_a_broken_chain_once_a_second
/^static void say_broken/,/^}/s/    if (!lk_log_may(&j->broken_limit, 1, now_ns, &left_out)) return;/    left_out = 0, (void)now_ns;/
