# defence: of points that are judged side by side each has the form 04
# file: crypto/ec/p256_points.inc.c
# unit: crypto/ec/p256_points_ref.c
# test: unit/crypto/ec/points_test
# red: points_are_judged_as_the_library_does
/^static uint64_t vector_judge/,/^}/s/lane_and(form, point_take(x, y))/point_take(x, y)/
