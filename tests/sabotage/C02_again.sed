# defence: an agent that goes is asked again once
# file: tools/liblurk/client.c
# test: unit/liblurk/client_test
# red: leaving_agent_is_asked_again_once
s/    call->resent = true;//
