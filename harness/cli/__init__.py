"""The command line: `main` lists the verbs, and each verb has a module of its own.

A verb's module declares its options (`options`) and runs it with what all verbs need (`context`).
It imports what is large inside its functions, so that help and wrong usage are told at once.
"""
