# defence: the payload names the key whose handle the front gave
# file: core/exec/lane.c
# test: unit/exec/lane_test
# red: lane_gets_no_key_that_its_payload_does_not_name
s/ && exchange->names_key(lane),/,/
