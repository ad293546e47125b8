# defence: who makes the share is bounded by the key's own rule
# file: core/exec/run_tls13.c
# test: interop/tls13_vectors_test
# red: tls13_faults_have_their_status
s/lk_lane_head(lane)->methods & lane->key->rights.methods/lk_lane_head(lane)->methods/
