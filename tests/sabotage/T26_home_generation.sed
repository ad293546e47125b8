# defence: an answer of an older request in the same slot is no answer
# file: io/intake_flight.c
# test: unit/io/intake_flight_test
# red: intake_gives_an_absurd_epoch_up
s/req->generation != (uint32_t)(ref >> 32) || //;s/ || r->generation != req->generation//
