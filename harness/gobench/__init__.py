"""Go benchmarks: linking and running test binaries, and Go's benchmark format.

`benchfmt` reads result lines, `saved` and `test2json` files that somebody saved, `writing` writes
both. `link` and `run` make and run test binaries, `lanes` chooses which number of which lane
counts. `profile` and `pprof` account for allocations by line, `coverage` for executed lines.
"""
