# defence: faults carry the state of the capabilities that this peer is shown, and no other's
# file: io/intake.c
# test: unit/io/intake_test
# red: intake_faults_carry_the_state_of_the_form_shown
s/return lk_edge_state(edge, extension, conn->answer_bytes_max);/return lk_edge_state(edge, extension, LK_MESSAGE_BYTES_MAX + 0 * conn->answer_bytes_max);/
