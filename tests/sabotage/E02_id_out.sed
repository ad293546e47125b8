# defence: a request goes out under an id of the agent's own
# file: tools/lurk-agent/desk.c
# test: unit/agent/desk_test
# red: desk_gives_each_request_an_id_of_its_own_and_back
s/^    id_put(bytes, id);//
