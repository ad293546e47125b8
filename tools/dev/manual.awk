# Moves the paragraph macros of scdoc's output to where a paragraph begins: not after a heading, not before
# another macro, and behind the end of an indented block instead of inside it. mandoc warns of each.
/^\.P$/ {
    held = 1
    next
}
/^\.RE$/ {
    print
    next
}
{
    if (held && ($0 !~ /^\./ || $0 ~ /^\.nf/) && last !~ /^\.S[HS]/) print ".PP"
    held = 0
    print
    last = $0
}
