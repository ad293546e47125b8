# defence: what strangers wrote forges no line of the log
# file: core/base/log.c
# test: unit/base/log_test
# red: log_escapes_what_strangers_wrote
s/const char \*format = c < 0x20 .*/const char *format = "%c";/
s/if (c == '"' || c == '\\\\') format = "\\\\%c";//
