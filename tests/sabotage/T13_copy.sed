# defence: what was checked is what is used: the slot is read once
# file: core/exec/lane.c
# test: unit/exec/lane_test
# red: lane_looks_at_its_copy_alone
/^bool lk_lane_admit/,/^}/s/const struct lk_slot \*head = lk_lane_head(lane);/const struct lk_slot *head = lane->place.slot;/
