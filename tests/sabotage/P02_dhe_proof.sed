# defence: of a DHE handshake nothing but the message lies about while its signature is waited for
# file: tools/provider/full_ske.c
# test: unit/provider/full_ske_test
# red: dhe_keeps_the_message_alone
s/OPENSSL_clear_free(proof, sizeof \*proof);/(void)0;/
