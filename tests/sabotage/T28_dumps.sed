# defence: no core file and no stranger attached
# file: io/sandbox.c
# test: unit/io/sandbox_test
# red: dumps_are_off
s/    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);//;s/    setrlimit(RLIMIT_CORE, &none);/    (void)none;/
