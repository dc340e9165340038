"""The causes of a change: the source lines that allocate more or less, and the escapes there.

`pairing` matches the lines of two revisions, `attribution` distributes the change over them,
`crossing` separates the benchmark's own changes from those of the code, `explain` does all of it
for two records.
"""
