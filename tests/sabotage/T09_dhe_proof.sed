# defence: a proof is asked for with DHE too, unless both flags waive it
# file: core/exec/run_ecdhe.c
# test: interop/split_dhe_test
# red: dhe_without_a_proof_needs_the_keys_flag
s/return asked || no_poo_open(lane) ? 0 : rules->poo_prf;/return 0;/
