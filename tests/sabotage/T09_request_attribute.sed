# defence: a request has one attribute, and nothing behind it
# file: core/keys/cert_request.c
# test: unit/keys/cert_request_test
# red: cert_request_holds_what_is_listed_alone
s/return lk_cursor_left(&list) == 0 ? LK_CERT_REQUEST_GOOD : LK_CERT_REQUEST_ATTRIBUTE;/return LK_CERT_REQUEST_GOOD;/
