# defence: each answer goes back under the id of its request
# file: io/intake_flight.c
# test: unit/io/intake_flight_test
# red: intake_answers_out_of_order_and_wipes
s/\.id = req->id}/.id = req->id + 1}/
