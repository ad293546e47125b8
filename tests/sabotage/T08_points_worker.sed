# defence: a share that no proof vouches for is a point of the curve
# file: core/exec/ahead.c
# test: unit/exec/run_ecdhe_test
# red: ecdhe_judges_each_point_for_itself
/^static void points_judge/,/^}/s/(good >> i & 1) != 0/(good | 1) != 0/
