# defence: a segment that could shrink is refused
# file: io/segment.c
# test: unit/io/segment_test
# red: segment_is_refused_unsealed_or_of_another_shape
s/LK_REQUIRE((seals & SEALS) == SEALS, LK_ERR_ABSURD);//
