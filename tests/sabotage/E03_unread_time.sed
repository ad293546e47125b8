# defence: a client that does not read is cut off
# file: tools/lurk-agent/desk.c
# test: unit/agent/desk_test
# red: desk_cuts_off_who_does_not_read
s/        lk_due_set(&d->due, c, d->ask\[client->unread_head\].done_ns + d->conf.unread_ns);/        lk_due_drop(\&d->due, c);/
