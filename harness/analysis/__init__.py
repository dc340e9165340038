"""Analysis: records in, differences, steps, causes and verdicts out. No input or output.

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
    What is reported: policy, gate, findings, the summary that the site prints.
"""
