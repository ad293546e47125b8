# defence: a line that ended while nobody used it does not cost a request its second try
# file: tools/provider/line.c
# test: unit/provider/call_test
# red: job_on_a_dead_line_is_made_once_more_all_the_same job_of_a_child_has_a_line_of_its_own
s/if (!is_alive(kept)) {/if (false) {/
