# defence: the mark of a downgrade survives the hash
# file: core/policy/freshness.c
# test: unit/policy/freshness_test
# red: freshness_keeps_the_downgrade_mark_in_place freshness_hides_s_as_the_vectors_say
s/if (downgrade_mark(last8)) memcpy.*/(void)downgrade_mark; (void)last8;/
