# defence: secrets of TLS 1.3 go out only where the key's own rule says so
# file: core/exec/run_tls13.c
# test: interop/tls13_vectors_test
# red: tls13_secrets_are_what_all_three_open
s/lk_lane_head(lane)->secrets & lane->key->rights.secrets/lk_lane_head(lane)->secrets/
