# defence: a reason from the vault is one that the front has words for
# file: io/intake_flight.c
# test: unit/io/intake_flight_test
# red: intake_takes_no_absurd_reason
s/r->why >= LK_CERT_REQUEST_FAULT_COUNT/false/
