# defence: a proof of ownership is asked for unless both rules waive it
# file: core/exec/run_ecdhe.c
# test: unit/exec/run_ecdhe_test
# red: ecdhe_goes_without_a_proof_where_both_rules_say_so
s/LK_REQUIRE(no_poo_open(lane), rules->poo_prf);//
