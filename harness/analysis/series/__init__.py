"""One value over a history: numbers of a benchmark, counts of the compiler, lines, escapes.

A *step* is a revision from which on a series has another level (`steps`); noisy series have them by
`changepoints`. Sites are kept as intervals of revisions in which they were live (`intervals`).
"""
