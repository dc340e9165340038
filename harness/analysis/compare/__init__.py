"""Two records compared: benchmarks, samples, escape sites, inlining, names of benchmarks.

`comparison.judge` alone says whether two measurements of one unit differ.
"""
