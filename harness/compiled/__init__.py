"""The compiled code: which calls allocate, and how large stack frames are.

The compiler's messages say what escapes; whether that allocates is in the code: ``"text" escapes to
heap`` does not, a channel does and has no message. :mod:`binary` reads the code from the linked
test binary (:mod:`image`: the file; :mod:`pclntab`: functions, lines, inlining and frames;
:mod:`decode`: calls), in a tenth of a second. :mod:`listing` reads the same from ``-S``, for code
that no binary links, for processors and systems that are not decoded, and to check the decoder.
:mod:`join` says which escape sites allocate and which allocations no message mentions.
"""
