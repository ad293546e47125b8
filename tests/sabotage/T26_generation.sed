# defence: a slot of another generation or state is no job
# file: core/exec/lane.c
# test: unit/exec/lane_test
# red: lane_knows_no_other_generation_or_state
s/LK_REQUIRE(head->generation == (uint32_t)(place->ref >> 32), LK_ERR_ABSURD);//
