# defence: the vault judges the exchange of a job by its own rights of the key
# file: core/exec/lane.c
# test: unit/exec/lane_test
# red: lane_gets_no_exchange_that_its_key_is_not_for
s/bool allowed = (key->rights.exchanges & LK_EXCHANGE_BIT(exchange->id)) != 0 &&/bool allowed =/
