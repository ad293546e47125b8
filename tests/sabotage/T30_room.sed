# defence: no key is used without room for its record
# file: core/exec/worker.c
# test: unit/exec/worker_test
# red: worker_uses_no_key_without_room_for_its_record
s/else if (!lk_audit_room(w->audit, before + 1))/else if (before > LK_LANES_MAX)/
