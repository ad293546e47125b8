# defence: nothing stands behind what is signed of a certificate request
# file: core/keys/cert_request.c
# test: unit/keys/cert_request_test
# red: cert_request_holds_what_is_listed_alone
s/LK_REQUIRE(lk_cursor_done(&outer) && lk_cursor_done(&c), LK_CERT_REQUEST_FORM);/LK_REQUIRE(!c.bad, LK_CERT_REQUEST_FORM);/
