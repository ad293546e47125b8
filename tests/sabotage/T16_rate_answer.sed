# defence: a rate that is passed keeps no other request of the edge from this server
# file: core/exec/worker.c
# test: interop/cert_request_vectors_test
# red: cert_request_is_rated
s/lk_lane_answer(lane, LK_SPLIT_TOO_MANY_REQUESTS);/lk_lane_refuse(lane);/
