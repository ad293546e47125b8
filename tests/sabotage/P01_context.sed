# defence: 64 spaces before anything but a CertificateVerify are not asked to be signed
# file: tools/provider/question.c
# test: unit/provider/question_test
# red: question_takes_no_other_context
s/if (c.bad || !(server || client) ||/if (c.bad ||/
