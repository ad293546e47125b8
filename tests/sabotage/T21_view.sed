# defence: a reload judges open peers again
# file: io/conn.c
# test: unit/io/intake_test
# red: intake_judges_a_peer_again_under_a_new_view
s/conn->view_generation == view->generation && conn/conn/
