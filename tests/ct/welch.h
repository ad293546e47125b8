/* welch: does an operation take longer on inputs of one class than on those of another?
 *
 * Which input is next is drawn at random, so that what drifts (clocks, heat, neighbours on the
 * machine) meets all classes. Each input has a place of its own and is as likely as any other, so
 * that caches know no class. Samples are taken in short rounds; of each the slowest 5 % are cut,
 * whatever their class, since they are interrupts, and the rest is counted from the round's mean.
 * What noise is left makes the test blind, not wrong: `least` says from which difference on, in
 * ticks, it would have seen one.
 * Time is that of the time stamp counter, fenced, on one CPU. Thread one. */
#ifndef LK_TESTS_CT_WELCH_H
#define LK_TESTS_CT_WELCH_H

#include <stdbool.h>

#define LK_WELCH_CLASSES_MAX 12

/* |t| of Welch's test: below, the means are taken to be equal; above, to differ. */
#define LK_WELCH_PASS 4.5
#define LK_WELCH_FAIL 10

struct lk_experiment {
    const char *name;
    const char *const *classes;
    unsigned count;   /* of classes */
    unsigned samples; /* half of them of class 0, to which the others are compared */
    bool leaky;       /* a control: passes when a difference is seen */
    void *context;
    void (*prepare)(void *context, unsigned slot); /* brings an input to where run reads it */
    void (*run)(void *context);                    /* what is timed */
};

/* Inputs: slot 0 .. lk_welch_slots() - 1. */
#define LK_WELCH_PER_CLASS 32
static inline unsigned lk_welch_slots(unsigned classes)
{
    return 2 * (classes - 1) * LK_WELCH_PER_CLASS;
}
#define LK_WELCH_SLOTS_MAX (2 * (LK_WELCH_CLASSES_MAX - 1) * LK_WELCH_PER_CLASS)
/* Every other slot is of class 0, the rest of the others by turns. */
static inline unsigned lk_welch_class(unsigned slot, unsigned classes)
{
    return slot % 2 == 0 ? 0 : 1 + slot / 2 % (classes - 1);
}

/* Prints a line for each class but the first, and one for all of them together; adds to the counts.
 * Between the two bounds it does it again with ten times as many samples. */
void lk_welch_run(const struct lk_experiment *experiment, unsigned *passed, unsigned *failed);

/* Stays on the CPU it is on; prints the head of the table. */
void lk_welch_begin(void);

#endif
