# defence: the vault judges the time in S itself
# file: core/exec/worker.c
# test: unit/exec/run_ecdhe_test
# red: ecdhe_judges_the_time_in_s_itself
s/if (!lk_freshness_in_window(lane->s, w->now_unix_s, window_s, &skew_s)) return false;/(void)skew_s, (void)window_s;/
