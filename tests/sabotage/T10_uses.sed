# defence: a key that signs does not decrypt (front)
# file: core/policy/policy.c
# test: unit/policy/policy_test
# red: policy_every_cell_is_what_the_rules_say
s/rights->exchanges & lk_rights_of_uses(key->uses, flags)/rights->exchanges/
