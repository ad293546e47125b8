# defence: a reload ends connections whose certificate does not pass any more
# file: io/conn.c
# test: unit/io/admission_test
# red: tls_ends_the_connection_of_a_revoked_edge
/^const struct lk_edge \*lk_conn_edge/,/^}/s/else if (conn->ssl != NULL &&/else if (false \&\&/
