"""The command line: `main` lists the verbs, and the module of a verb does its work.

The modules are loaded when they are used: what measures takes five times as long to load as help
and wrong usage take altogether. `options` declares the options of every verb.
"""
