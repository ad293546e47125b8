# defence: what the provider kept is wiped when it is old
# file: tools/provider/kept.c
# test: unit/provider/kept_test
# red: kept_is_wiped_when_it_is_old
s/if (made != 0 \&\& now_ns - made > ring->age_ns)/if (made != 0 \&\& false)/
