# defence: no session is resumed
# file: io/session.c
# test: unit/io/admission_test
# red: tls_resumes_nothing
s/ | SSL_OP_NO_TICKET//
s/SSL_CTX_set_num_tickets(ctx, 0);//
s/SSL_SESS_CACHE_OFF/SSL_SESS_CACHE_SERVER/
