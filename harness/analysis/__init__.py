"""Analysis: records in, differences, steps, causes and verdicts out. Pure: no input or output.

Read the packages in this order; each imports only those before it.

``history``
    The measured revisions of one project in one environment, in order.
``compare``
    Two records: numbers, escape sites, inlining, benchmark names.
``series``
    One value over a whole history, and where it steps.
``causes``
    The attribution of a change to source lines and escape sites.
``frames``
    Histories as pandas frames, and statistics over them.
``verdict``
    Reports: policy, gate, findings, the summary that the site prints.

Words that mean the same everywhere: a ``package`` is an import path, a ``benchmark`` a full name as
``go test`` prints it, a ``function`` is named as the compiler names it, a ``unit`` is one of the Go
benchmark format, a ``file`` is relative to the repository's root. A ``revision`` is a full hash, a
time is in seconds since the epoch. ``base`` is the older of two records, ``head`` the newer, and
``diffs`` are the steps from one to the other, ``None`` if they are not known.
"""
