# defence: a key use is recorded before it is answered
# file: core/exec/worker.c
# test: unit/exec/worker_audit_test
# red: worker_records_a_key_use_before_it_answers
/^static void send_all_home/,/^}/s/    if (records > 0) lk_audit_append(w->audit, records, w->conf.kernels->sha256);//
/^static void send_all_home/,/^}/s/        send_home(w, lane\[i\]);/&\n    if (records > 0) lk_audit_append(w->audit, records, w->conf.kernels->sha256);/
