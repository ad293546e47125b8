# defence: unread answers are held to so many bytes
# file: tools/lurk-agent/desk.c
# test: unit/agent/desk_test
# red: desk_cuts_off_at_so_many_bytes
s/        if (client->unread_bytes > d->conf.output_bytes_per_client) {/        if (false) {/
