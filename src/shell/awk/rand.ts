/// rand() and srand(). The generator is the random(3) of gawk's own random.c: an additive feedback
/// register of 31 words (r[i] = r[i-3] + r[i-31]), seeded by the minimal standard generator, so the
/// numbers are those that gawk prints.
