# defence: a blocking call waits no longer than configured
# file: tools/provider/call.c
# test: unit/provider/call_test
# red: call_waits_no_longer_than_it_may
s/lurk_call(line.transport, request, key->prov->settings.wait_ms/lurk_call(line.transport, request, 5000/
