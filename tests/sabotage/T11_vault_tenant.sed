# defence: the vault gives a job no key of another tenant
# file: core/exec/lane.c
# test: unit/exec/lane_test
# red: lane_gets_no_key_of_another_tenant
s/ && key->tenant == head->tenant//
